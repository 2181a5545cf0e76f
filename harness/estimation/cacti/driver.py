"""Asking CACTI: one process per question in a folder of its own, answers kept by content.

Many questions may be asked at once, by threads and by processes. Answers are kept in memory for the process
and in the user's cache folder for all; a damaged entry there counts as absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from harness.estimation.cache import AnswerCache, default_cache_folder
from harness.estimation.cacti.output import CactiAnswer, Garbage, answer_in, checked_answer
from harness.estimation.cacti.recipe import CACTI
from harness.estimation.cacti.request import CactiRequest
from harness.estimation.programs import Program, Unavailable, program_of, usable_cores
from harness.estimation.query import Declined

LONGEST_RUN_S = 120.0
"""The largest memories of the tables take below a second."""

MOST_KEPT = 64
"""Answers in each of 256 folders: some 16 000 memories, 8 MB."""


class CactiUnavailable(Declined):
    """CACTI cannot be run on this machine: the same for every question."""


class Cacti:
    """``program`` runs, ``kept`` are the answers on disk. Nothing happens before the first question.

    ``folder``: the cache folder of programs that have to be made, None where there is none.
    """

    def __init__(self, program: Program, kept: AnswerCache, longest_run_s: float = LONGEST_RUN_S) -> None:
        self._program = program
        self.folder = program.cache
        self._kept = kept
        self._longest_run_s = longest_run_s
        self._lock = threading.Lock()
        self._known: dict[CactiRequest, CactiAnswer | Declined] = {}

    def identity(self) -> str:
        """Of the sources where CACTI can be run or made here, "none" where not; cheap, makes nothing."""
        return self._program.identity()

    def answer(self, request: CactiRequest) -> CactiAnswer:
        """The figures; :class:`Declined` with the reason where CACTI does not answer."""
        with self._lock:
            known = self._known.get(request)
        if known is None:
            try:
                known = self._asked(request)
            except Declined as declined:
                known = declined
            with self._lock:
                known = self._known.setdefault(request, known)
        if isinstance(known, CactiUnavailable):
            raise CactiUnavailable(known.reason)
        if isinstance(known, Declined):
            raise Declined(known.reason)
        return known

    def in_parallel(self, requests: Iterable[CactiRequest]) -> None:
        """Asks all of ``requests``, as many at a time as there are cores, so that :meth:`answer` knows them.

        What is declined is declined again when it is asked for.
        """
        with self._lock:
            new = [request for request in dict.fromkeys(requests) if request not in self._known]
        if not new:
            return
        if len(new) == 1:
            self._ask_quietly(new[0])
            return
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import, and most processes find their answers

        with ThreadPoolExecutor(max_workers=min(usable_cores(), len(new))) as pool:
            try:
                list(pool.map(self._ask_quietly, new))
            except BaseException:  # the user's interrupt: what has not begun is left
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _ask_quietly(self, request: CactiRequest) -> None:
        with contextlib.suppress(Declined):
            self.answer(request)

    def _asked(self, request: CactiRequest) -> CactiAnswer:
        try:
            config = request.config()
            identity = self._program.identity()
            digest = hashlib.sha256(config.encode()).hexdigest()
            key: dict[str, object] = {"source": "cacti", "program": identity, "config": digest}
            stored = self._kept.get(key)
            if stored is not None:
                with contextlib.suppress(Garbage):
                    return checked_answer(stored)
            executable = self._program.executable()
            data = self._program.data()
        except Unavailable as unavailable:
            raise CactiUnavailable(str(unavailable)) from None
        answer = self._run(request, config, executable, data)
        self._kept.put(key, answer.record())
        return answer

    def _run(self, request: CactiRequest, config: str, executable: Path, data: Path | None) -> CactiAnswer:
        import tempfile  # noqa: PLC0415 - slow to import, and most processes find their answers

        try:
            with tempfile.TemporaryDirectory(prefix="cacti-") as name:
                scratch = Path(name)
                (scratch / "memory.cfg").write_text(config, encoding="utf-8")
                if data is not None:  # read as ./tech_params
                    (scratch / data.name).symlink_to(data.resolve(), target_is_directory=True)
                done = subprocess.run(
                    [executable, "-infile", "memory.cfg"],
                    cwd=scratch,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=self._longest_run_s,
                    check=False,
                )
                written = scratch / "memory.cfg.out"
                if done.returncode != 0 or not written.is_file():
                    raise Declined(f"CACTI does not answer for a {request.words}: {_last_words(done)}")
                return answer_in(written.read_text(encoding="utf-8", errors="replace"), request)
        except subprocess.TimeoutExpired:
            raise Declined(
                f"CACTI did not answer within {self._longest_run_s:g} s for a {request.words}"
            ) from None
        except Garbage as garbage:
            raise Declined(f"CACTI does not answer for a {request.words}: {garbage}") from None
        except OSError as error:
            raise Declined(f"CACTI could not be run ({error.strerror or type(error).__name__})") from None


def _last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stdout.decode("utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and "no valid tag organizations" in lines[-1]:
        return (
            "it finds no tag array within the limits set (delay within 20 %, energy within 10 % of the best)"
        )
    how = f"exit status {done.returncode}"
    return f"{lines[-1][:100]} ({how})" if lines else how


@lru_cache(maxsize=8)
def cacti_for(cache_folder: Path | None = None, use_cache: bool = True) -> Cacti:
    """The one for these options of an estimation, for the whole process.

    A program that has to be made is kept in the cache folder even where answers are not (no ``use_cache``).
    """
    folder = cache_folder or default_cache_folder()
    kept = AnswerCache(folder if use_cache else None, "cacti", MOST_KEPT)
    return Cacti(program_of(CACTI, folder), kept)


def cacti_identity(cache_folder: Path | None = None) -> str:
    """What figures that CACTI may have worked out depend on: for the keys of kept results."""
    return program_of(CACTI, cache_folder or default_cache_folder()).identity()
