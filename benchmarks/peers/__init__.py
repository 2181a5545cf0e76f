"""Other mappers against this project's own on the same layers; ``python -m benchmarks peers --help``."""
