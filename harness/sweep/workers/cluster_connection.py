"""To a Dask scheduler, with all that can be wrong there told in one line."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import signal
import threading
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

from harness.errors import HarnessError
from harness.sweep.workers.cluster_worker import end_free_processes, identity
from harness.sweep.workers.signals import deaf_to_interrupts

_ANSWER_SECONDS = 10
_CLOSING_SECONDS = 1.0
_COUNTING_SECONDS = 2.0
_POLL_SECONDS = 0.1
LOCAL = "local"


class StoppedBefore(Exception):
    """It was to stop before the connection was there."""


class ClusterConnection:
    """A client of the scheduler at ``address``, or of a cluster of this machine (``local``).

    The client lives on an event loop in a thread of its own; :meth:`launch` runs coroutines there.
    ``identity`` is that of the program here, which all workers share. Raises :class:`StoppedBefore` as soon
    as ``should_stop``, which is asked while it waits.
    """

    def __init__(self, address: str, workers: int, should_stop: Callable[[], bool] | None = None) -> None:
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
        with deaf_to_interrupts():
            self._thread.start()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its words on versions and ports
                self._wait(self._open(workers), should_stop)
        except BaseException:
            self.close()
            raise

    def launch[Value](self, coroutine: Coroutine[Any, Any, Value]) -> concurrent.futures.Future[Value]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        """Ends the workers that were started here, and no others."""
        with contextlib.suppress(Exception):
            self.launch(self._close()).result(2 * _CLOSING_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSING_SECONDS)

    def other_version(self, who: str, theirs: tuple[str, str]) -> HarnessError:
        return HarnessError(
            f"{who} of the cluster {self.address} has harness {theirs[0]} on Python {theirs[1]}, "
            f"here is {self.identity[0]} on Python {self.identity[1]}",
            hint="install the same on all machines",
        )

    def _wait(self, coroutine: Coroutine[Any, Any, None], should_stop: Callable[[], bool] | None) -> None:
        future = self.launch(coroutine)
        try:
            while not future.done():
                if should_stop is not None and should_stop():
                    raise StoppedBefore
                concurrent.futures.wait((future,), _POLL_SECONDS)
            future.result()
        finally:
            future.cancel()

    async def _open(self, workers: int) -> None:
        from distributed import Client  # noqa: PLC0415

        try:
            if self.address == LOCAL:
                with _local_settings():
                    self._cluster = _local_cluster(workers)
                    await self._cluster
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
            await _close_local(self._cluster)


async def _close_local(cluster: Any) -> None:
    """Dask would wait for workers that are just starting, and for all to end in good order."""
    # Otherwise the end of the program would try once more, for ten seconds.
    cluster.shutdown_on_close = False
    closing = asyncio.ensure_future(cluster.close())
    while not closing.done():
        for nanny in tuple(cluster._created):
            nanny.auto_restart = False
            if nanny.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(nanny.pid, signal.SIGKILL)
        await asyncio.wait((closing,), timeout=_POLL_SECONDS)


def _no_answer(address: str, error: Exception) -> HarnessError:
    words = " ".join(str(error).split())
    if address == LOCAL:
        return HarnessError(f"no cluster could be started here: {words}")
    return HarnessError(
        f"no Dask scheduler answers at '{address}' ({words})",
        hint="give tcp://host:port as 'dask scheduler' shows it, or 'local'",
    )


def _local_settings() -> contextlib.AbstractContextManager[None]:
    import dask  # noqa: PLC0415 - slow to import

    settings: contextlib.AbstractContextManager[None] = dask.config.set(
        {
            # Suspects are tried again alone anyway.
            "distributed.scheduler.allowed-failures": 1,
            "distributed.logging": {"distributed": "critical"},
        }
    )
    return settings


def _local_cluster(workers: int) -> Any:
    """Starts when it is awaited."""
    from distributed import LocalCluster  # noqa: PLC0415 - slow to import

    cluster: Any = LocalCluster
    return cluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        memory_limit=0,
        silence_logs=logging.CRITICAL + 1,
        asynchronous=True,
    )
