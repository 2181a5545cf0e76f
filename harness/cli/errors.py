"""How a run ends: one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable

from harness.errors import HarnessError, one_line
from harness.report.prose import folded

DIFFERS = 1
"""Where both engines were asked and do not agree, or one of them gave no figures."""
USER_ERROR = 2
NO_MAPPING = 3
BUG = 70
"""EX_SOFTWARE of sysexits.h."""
INTERRUPTED = 130
BROKEN_PIPE = 141


def guarded(
    program: str, debug: bool, body: Callable[[], int], on_failure: Callable[[str], None] | None = None
) -> int:
    """``body``'s exit code, or that of the error that ended it, told in one line on stderr.

    ``on_failure`` gets that line's reason, for those who read stdout instead.
    """
    code, reason = _ended(program, debug, body)
    if on_failure is not None and reason is not None:
        with contextlib.suppress(OSError, ValueError):
            on_failure(reason)
            if sys.stdout is not None:
                sys.stdout.flush()
    return code


def _ended(program: str, debug: bool, body: Callable[[], int]) -> tuple[int, str | None]:
    """The exit code, and the reason if an error ended it."""
    try:
        _open_what_is_closed()
        _show_what_cannot_be_encoded()
        code = body()
        if sys.stdout is not None:
            sys.stdout.flush()
        return code, None
    except HarnessError as error:
        return _failed(program, error.exit_code, one_line(_told(error)))
    except KeyboardInterrupt:
        say(f"{program}: interrupted")
        return INTERRUPTED, "interrupted"
    except (BrokenPipeError, SystemExit):
        # Rich turns a broken pipe into SystemExit; nothing else here leaves that way.
        _forget_stdout()
        return BROKEN_PIPE, None
    except OSError as error:
        # A full disk behind stdout, a vanished folder: the surroundings', not a bug.
        _forget_stdout()
        if debug:
            return _bug(program, debug, error, f"{type(error).__name__}: {one_line(str(error))}")
        place = f"{error.filename}: " if error.filename is not None else ""
        return _failed(program, USER_ERROR, one_line(f"{place}{error.strerror or error}"))
    except RecursionError as error:
        return _bug(program, debug, error, "the input is nested too deeply")
    except MemoryError as error:
        return _bug(program, debug, error, "out of memory")
    except Exception as error:
        return _bug(program, debug, error, f"{type(error).__name__}: {one_line(str(error))}")


def _failed(program: str, code: int, reason: str) -> tuple[int, str]:
    say(f"{program}: error: {reason}")
    return code, reason


def _open_what_is_closed() -> None:
    """A daemon may start a program without any output; Python then has None in its place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - kept open


def _show_what_cannot_be_encoded() -> None:
    """In the C locale stdout knows ASCII only, and names of files may be no text at all."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(line: str) -> None:
    """One line on stderr, broken at spaces where that is a terminal; a closed stderr is no error."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None and sys.stderr.isatty():
            line = folded(line, shutil.get_terminal_size().columns, hang=2)
        print(line, file=sys.stderr, flush=True)


def _told(error: HarnessError) -> str:
    """The error's text; that it is on the command line need not be said on the command line."""
    return str(error).removeprefix("command line: ")


def _bug(program: str, debug: bool, error: BaseException, what: str) -> tuple[int, str]:
    if debug:
        with tempfile.NamedTemporaryFile(
            "w", prefix="harness-traceback-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            traceback.print_exception(error, file=file)
        say(f"{program}: this is a bug: {what} (traceback in {file.name})")
    else:
        say(f"{program}: this is a bug: {what} (run again with --debug to keep the traceback)")
    return BUG, f"this is a bug: {what}"


def _forget_stdout() -> None:
    """Points stdout at nothing, so that the interpreter's own flush at exit stays quiet too."""
    null = os.open(os.devnull, os.O_WRONLY)
    if sys.stdout is not None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(null, sys.stdout.fileno())
    os.close(null)
