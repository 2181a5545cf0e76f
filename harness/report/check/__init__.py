"""Comparisons of both engines: on a terminal and as files."""
