"""To a Dask scheduler, with all that can be wrong there told in one line."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import signal
import threading
import warnings
from collections.abc import Coroutine, Iterator
from typing import Any

from harness.errors import HarnessError
from harness.sweep.cluster_worker import end_free_processes, identity

_ANSWER_SECONDS = 10
_CLOSING_SECONDS = 1.0
_COUNTING_SECONDS = 2.0
LOCAL = "local"


class ClusterConnection:
    """A client of the scheduler at ``address``, or of a cluster of this machine (``local``).

    The client lives on an event loop in a thread of its own; :meth:`launch` runs coroutines there.
    ``identity`` is that of the program here, which all workers share.
    """

    def __init__(self, address: str, workers: int) -> None:
        try:
            import distributed  # noqa: F401, PLC0415 - slow to import, and not always installed
        except ImportError as error:
            message = "sweeps on a cluster need Dask, which is not installed"
            raise HarnessError(message, hint="pip install 'transformer-harness[cluster]'") from error
        # What goes wrong comes to us as errors; Dask's own words would litter the terminal.
        for name in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self.address = address
        self.identity = identity()
        self.threads = 0
        self.client: Any = None
        self._cluster: Any = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cluster", daemon=True)
        with _deaf_to_interrupts():
            self._thread.start()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its words on versions and ports
                self._wait(self._open(workers))
        except BaseException:
            self.close()
            raise

    def launch[Value](self, coroutine: Coroutine[Any, Any, Value]) -> concurrent.futures.Future[Value]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        """Ends the workers that were started here, and no others."""
        with contextlib.suppress(Exception):
            self._wait(self._close(), 2 * _CLOSING_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSING_SECONDS)

    def other_version(self, who: str, theirs: tuple[str, str]) -> HarnessError:
        return HarnessError(
            f"{who} of the cluster {self.address} has harness {theirs[0]} on Python {theirs[1]}, "
            f"here is {self.identity[0]} on Python {self.identity[1]}",
            hint="install the same on all machines",
        )

    def _wait[Value](self, coroutine: Coroutine[Any, Any, Value], seconds: float | None = None) -> Value:
        """A Ctrl-C that raises here ends the coroutine too."""
        future = self.launch(coroutine)
        try:
            return future.result(seconds)
        finally:
            future.cancel()

    async def _open(self, workers: int) -> None:
        from distributed import Client  # noqa: PLC0415

        try:
            if self.address == LOCAL:
                self._cluster = await _local_cluster(workers)
                self.address = self._cluster.scheduler_address
            client: Any = Client
            self.client = client(
                self.address, asynchronous=True, timeout=_ANSWER_SECONDS, set_as_default=False
            )
            await self.client
            await self._check_workers()
        except (OSError, ValueError, TypeError, AttributeError, ImportError) as error:
            raise _no_answer(self.address, error) from error
        self.threads = sum((await self.client.nthreads()).values())
        self._counting = asyncio.create_task(self._count())

    async def _check_workers(self) -> None:
        try:
            await self.client.wait_for_workers(1, timeout=_ANSWER_SECONDS)
        except TimeoutError:
            raise HarnessError(
                f"the cluster {self.address} has no workers", hint=f"dask worker {self.address}"
            ) from None
        answers = await self.client.run(identity, on_error="return")
        for worker, answer in answers.items():
            if isinstance(answer, BaseException):
                raise HarnessError(
                    f"the worker {worker} cannot load the harness ({type(answer).__name__}: {answer})",
                    hint="install the same on all machines",
                )
            if tuple(answer) != self.identity:
                raise self.other_version(f"the worker {worker}", answer)

    async def _count(self) -> None:
        """Workers come and go. When the scheduler goes, the futures tell."""
        while True:
            await asyncio.sleep(_COUNTING_SECONDS)
            with contextlib.suppress(OSError):
                self.threads = sum((await self.client.nthreads()).values())

    async def _close(self) -> None:
        if self.client is not None:
            with contextlib.suppress(Exception):
                if self._cluster is None and self.client.status == "running":
                    free = self.client.run(end_free_processes, on_error="ignore")
                    await asyncio.wait_for(free, _CLOSING_SECONDS / 2)
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self.client.close(), _CLOSING_SECONDS / 2)
        if self._cluster is not None:
            await self._cluster.close(timeout=_CLOSING_SECONDS)


def _no_answer(address: str, error: Exception) -> HarnessError:
    words = " ".join(str(error).split())
    if address == LOCAL:
        return HarnessError(f"no cluster could be started here: {words}")
    return HarnessError(
        f"no Dask scheduler answers at '{address}' ({words})",
        hint="give tcp://host:port as 'dask scheduler' shows it, or 'local'",
    )


async def _local_cluster(workers: int) -> Any:
    import dask  # noqa: PLC0415 - slow to import
    from distributed import LocalCluster  # noqa: PLC0415

    settings = {
        # Suspects are tried again alone anyway.
        "distributed.scheduler.allowed-failures": 1,
        "distributed.logging": {"distributed": "critical"},
    }
    with dask.config.set(settings):
        cluster: Any = LocalCluster
        return await cluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            memory_limit=0,
            silence_logs=logging.CRITICAL + 1,
            asynchronous=True,
        )


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Threads that begin here, and the processes that they start, never get the SIGINT that Ctrl-C sends to
    all of a terminal; for this process it waits until the end.
    """
    from multiprocessing import resource_tracker  # noqa: PLC0415 - only here

    # It would let the signal through again when it starts.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
