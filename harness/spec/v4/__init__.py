"""Timeloop's v4 dialect: from the tree of nodes, with variables and constraint macros, to the flattened form.

The semantics are those of Timeloop's Python front end; each step is a module of its own, in the order in
which :func:`process_v4` runs them.
"""

from harness.spec.v4.process import process_v4

__all__ = ["process_v4"]
