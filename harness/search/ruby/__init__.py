"""Proofs for map spaces with imperfect factors (template ``ruby``); docs/mapper.md, "Imperfect factors"."""

from harness.search.ruby.solve import solve_ruby

__all__ = ["solve_ruby"]
