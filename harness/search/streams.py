"""Random numbers for the searches: the reference's own sequence, or a seeded one.

Timeloop draws from ``std::default_random_engine`` in its default state through
``std::uniform_int_distribution`` (``include/util/numeric.hpp``, RandomGenerator128), for every thread alike.
Without a seed the same numbers are produced here (libstdc++: the MINSTD generator of Park and Miller, and
rejection), so that a search visits the same mappings as Timeloop's. With a seed, each thread draws its own
sequence.
"""

from __future__ import annotations

import random
from typing import Protocol

_MODULUS = 2**31 - 1
_MULTIPLIER = 16807
_ENGINE_RANGE = _MODULUS - 2
_UINT64_MAX = 2**64 - 1


class Stream(Protocol):
    """Uniform integers from 0 to a fixed bound (excluded)."""

    def draw(self) -> int: ...

    def copy(self) -> Stream: ...


class ReferenceStream:
    """The sequence that Timeloop draws for this bound."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._state = 1

    def draw(self) -> int:
        if self._bound <= _UINT64_MAX:
            return self._uniform(self._bound - 1)
        # Beyond 64 bits the reference combines two draws and misses some numbers; so do we.
        low = self._uniform(_UINT64_MAX)
        high = self._uniform(self._bound // _UINT64_MAX - 1)
        return low + high * _UINT64_MAX

    def _engine(self) -> int:
        self._state = self._state * _MULTIPLIER % _MODULUS
        return self._state - 1

    def _uniform(self, most: int) -> int:
        if most < _ENGINE_RANGE:
            scaling = _ENGINE_RANGE // (most + 1)
            past = (most + 1) * scaling
            while True:
                drawn = self._engine()
                if drawn < past:
                    return drawn // scaling
        if most == _ENGINE_RANGE:
            return self._engine()
        while True:
            high = (_ENGINE_RANGE + 1) * self._uniform(most // (_ENGINE_RANGE + 1))
            drawn = high + self._engine()
            if drawn <= most:
                return drawn

    def copy(self) -> ReferenceStream:
        twin = ReferenceStream(self._bound)
        twin._state = self._state
        return twin


class SeededStream:
    """A sequence of its own for each (seed, thread, purpose)."""

    def __init__(self, bound: int, seed: int, thread: int, purpose: str) -> None:
        self._bound = bound
        self._random = random.Random(f"{seed}/{thread}/{purpose}")

    def draw(self) -> int:
        return self._random.randrange(self._bound)

    def copy(self) -> SeededStream:
        twin = SeededStream(self._bound, 0, 0, "")
        twin._random.setstate(self._random.getstate())
        return twin


def stream(bound: int, seed: int | None, thread: int, purpose: str) -> Stream:
    """A stream below ``bound``; ``purpose`` keeps the streams of one thread apart."""
    if seed is None:
        return ReferenceStream(bound)
    return SeededStream(bound, seed, thread, purpose)
