"""Asking CACTI: one process per question in a folder of its own, answers kept by content.

Many questions may be asked at once, by threads and by processes. Answers are kept in memory for the process
and in the user's cache folder for all; a damaged entry there counts as absent. That CACTI has no answer is
remembered by the process only, and that it could not be asked (:class:`RunFailed`) by nobody.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from harness.estimation.cache import AnswerCache, default_cache_folder
from harness.estimation.cacti.output import CactiAnswer, Garbage, answer_in, checked_answer
from harness.estimation.cacti.recipe import CACTI
from harness.estimation.cacti.request import CactiRequest
from harness.estimation.own_sources import digest_of_sources
from harness.estimation.programs import (
    STOPPED,
    ProcessLock,
    Program,
    RunFailed,
    Unavailable,
    program_of,
    run_failed,
    scratch_folder,
    usable_cores,
)
from harness.estimation.query import Declined

LONGEST_RUN_S = 120.0
"""The largest memories of the tables take below a second."""


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
        self._turns: dict[CactiRequest, ProcessLock] = {}
        self._known: dict[CactiRequest, CactiAnswer | Declined] = {}
        self._failed: dict[CactiRequest, RunFailed] = {}

    def identity(self) -> str:
        """Of the sources where CACTI can be run or made here, "none" where not; cheap, makes nothing."""
        return self._program.identity()

    def answer(self, request: CactiRequest) -> CactiAnswer:
        """The figures; :class:`Declined` with the reason where CACTI does not answer.

        :class:`RunFailed` where it could not be asked this time.
        """
        known = self._known.get(request)
        if known is None:
            known = self._in_turn(request)
        if isinstance(known, CactiUnavailable):
            raise CactiUnavailable(known.reason)
        if isinstance(known, Declined):
            raise Declined(known.reason)
        return known

    def _in_turn(self, request: CactiRequest) -> CactiAnswer | Declined:
        """Threads that want the same answer wait for the first of them."""
        with self._turns.setdefault(request, ProcessLock()):
            known = self._known.get(request)
            if known is not None:
                return known
            failed = self._failed.pop(request, None)
            if failed is not None:
                raise failed
            try:
                known = self._asked(request)
            except Declined as declined:
                known = declined
            self._known[request] = known
            return known

    def in_parallel(self, requests: Iterable[CactiRequest]) -> None:
        """Asks all of ``requests``, as many at a time as there are cores, so that :meth:`answer` knows them.

        What is declined, or fails, is so again when it is asked for.
        """
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
        try:
            self.answer(request)
        except Declined:
            pass
        except RunFailed as failed:
            self._failed[request] = failed

    def _asked(self, request: CactiRequest) -> CactiAnswer:
        try:
            config = request.config()
            identity = self._program.identity()
            digest = hashlib.sha256(config.encode()).hexdigest()
            key: dict[str, object] = {
                "source": "cacti",
                "program": identity,
                "config": digest,
                "sources": digest_of_sources("cacti"),
            }
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
        what = f"CACTI could not be asked for a {request.words}"
        room: Path | str = "the folder for temporary files"
        try:
            with scratch_folder("cacti") as scratch:
                room = scratch.parent
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
                if done.returncode in STOPPED:
                    told = f"{what}: it was stopped from outside"
                    raise RunFailed(told, None, "see that there is memory, and try again")
                try:
                    return _read(done, scratch / "memory.cfg.out", request)
                except Garbage as garbage:
                    _see_that_there_is_room(scratch)
                    raise Declined(f"CACTI does not answer for a {request.words}: {garbage}") from None
        except subprocess.TimeoutExpired:
            told = f"CACTI did not answer within {self._longest_run_s:g} s for a {request.words}"
            hint = "try again when this machine is less busy, or state its figures in a table of your own"
            raise RunFailed(told, None, hint) from None
        except OSError as error:
            raise run_failed(what, error, room) from None


def _read(done: subprocess.CompletedProcess[bytes], written: Path, request: CactiRequest) -> CactiAnswer:
    if done.returncode != 0 or not written.is_file():
        raise Garbage(_last_words(done))
    return answer_in(written.read_text(encoding="utf-8", errors="replace"), request)


def _see_that_there_is_room(folder: Path) -> None:
    """``OSError`` where there is none: CACTI itself does not notice that it wrote nothing."""
    (folder / "room").write_bytes(bytes(1 << 16))


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
    kept = AnswerCache(folder if use_cache else None, "cacti")
    return Cacti(program_of(CACTI, folder), kept)


def cacti_identity(cache_folder: Path | None = None) -> str:
    """What figures that CACTI may have worked out depend on: beside those that are kept."""
    return program_of(CACTI, cache_folder or default_cache_folder()).identity()
