"""Public specifications through ``run.py --spec``; ``python -m benchmarks compatibility --help``."""
