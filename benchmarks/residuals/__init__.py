"""``python -m benchmarks residuals``: where our figures differ from others', by how much and why."""
