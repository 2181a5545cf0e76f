"""How large a value is when it is written out, shared parts counted every time that they occur.

Templates and expressions come with a specification and are not trusted. ``[a, a]`` in a loop makes a value
that is small in memory and endless on paper: printing or comparing it would hang. So what they build is
weighed, and its weight counts as work.
"""

from __future__ import annotations

CHARACTERS_PER_ENTRY = 100


def weight(value: object, limit: int) -> int:
    """The entries of ``value`` and of all that is in it, at most a little above ``limit``."""
    total, waiting = 0, [value]
    while waiting and total <= limit:
        item = waiting.pop()
        total += 1
        if isinstance(item, str):
            total += len(item) // CHARACTERS_PER_ENTRY
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
    return total
