"""Many jobs: configurations of hardware times layers, what became of each, and how they compare.

See ``docs/sweep.md``. Sums over layers are made in :mod:`harness.sweep.metrics` and nowhere else.
"""
