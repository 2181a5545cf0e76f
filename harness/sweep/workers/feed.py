"""The tasks that wait for a worker."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from harness.sweep.workers.worker_process import Answer, Died

_FETCH_SECONDS = 0.05


@dataclass(frozen=True)
class Given[Task]:
    """A task that a worker has; ``again`` when another worker has died over it."""

    task: Task
    again: bool = False


class Feed[Task]:
    """Some tasks taken from the iterable ahead of time, and those whose worker died."""

    def __init__(self, tasks: Iterator[Task]) -> None:
        self._tasks = tasks
        self._ahead: deque[Given[Task]] = deque()
        self._suspects: deque[Given[Task]] = deque()

    @property
    def waiting(self) -> bool:
        return bool(self._ahead or self._suspects)

    def fetch(self, count: int, should_stop: Callable[[], bool]) -> None:
        """Has up to ``count`` tasks ready; fewer when making them is slow, for workers must not wait."""
        until = time.monotonic() + _FETCH_SECONDS
        while len(self._ahead) < count and not should_stop():
            for task in self._tasks:
                self._ahead.append(Given(task))
                break
            else:
                return
            if time.monotonic() > until:
                return

    def next(self, running: Collection[Given[Task]]) -> Given[Task] | None:
        """A suspect runs alone, so that nobody else can be the reason when its worker dies again."""
        if any(given.again for given in running):
            return None
        if self._suspects:
            return None if running else self._suspects.popleft()
        return self._ahead.popleft() if self._ahead else None

    def put_back(self, given: Given[Task]) -> None:
        """For one that was not begun."""
        (self._suspects if given.again else self._ahead).appendleft(given)

    def take_again(self, given: Given[Task], answer: Answer[Any]) -> bool:
        """Whether the task will run again, because its worker died and it is not known to be the reason."""
        if not isinstance(answer, Died):
            return False
        if not answer.begun:
            self.put_back(given)
            return True
        if not given.again:
            self._suspects.append(Given(given.task, again=True))
        return not given.again
