"""How a run ends: one line on stderr and an exit code, never a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import traceback
from collections.abc import Callable

from harness.errors import HarnessError

USER_ERROR = 2
BUG = 3
INTERRUPTED = 130
BROKEN_PIPE = 141


def guarded(program: str, debug: bool, body: Callable[[], int]) -> int:
    """``body``'s exit code, or that of the error that ended it, told in one line on stderr."""
    try:
        code = body()
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except HarnessError as error:
        say(f"{program}: error: {one_line(_told(error))}")
        return error.exit_code
    except KeyboardInterrupt:
        say(f"{program}: interrupted")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Rich turns a broken pipe into SystemExit; nothing else here leaves that way.
        _forget_stdout()
        return BROKEN_PIPE
    except RecursionError as error:
        return _bug(program, debug, error, "the input is nested too deeply")
    except MemoryError as error:
        return _bug(program, debug, error, "out of memory")
    except Exception as error:
        return _bug(program, debug, error, f"{type(error).__name__}: {one_line(str(error))}")


def say(line: str) -> None:
    """One line on stderr; a closed stderr is no error."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


def _told(error: HarnessError) -> str:
    """The error's text; that it is on the command line need not be said on the command line."""
    return str(error).removeprefix("command line: ")


def one_line(text: str) -> str:
    return " ".join(text.split())


def _bug(program: str, debug: bool, error: BaseException, what: str) -> int:
    if debug:
        with tempfile.NamedTemporaryFile(
            "w", prefix="harness-traceback-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            traceback.print_exception(error, file=file)
        say(f"{program}: this is a bug: {what} (traceback in {file.name})")
    else:
        say(f"{program}: this is a bug: {what} (run again with --debug to keep the traceback)")
    return BUG


def _forget_stdout() -> None:
    """Points stdout at nothing, so that the interpreter's own flush at exit stays quiet too."""
    null = os.open(os.devnull, os.O_WRONLY)
    if sys.stdout is not None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(null, sys.stdout.fileno())
    os.close(null)
