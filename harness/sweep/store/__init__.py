"""The store of a sweep: one SQLite file with every figure, unrounded, and where it comes from.

SQLite, because a sweep writes many small results as they come and must lose none: each transaction is
there whole or not at all after a crash, a full disk or a power cut; it is one file, it is in Python's own
library, any program can query it, and readers do not stop the writer. A column store would answer scans
of whole columns faster, but even a hundred thousand results are read in a fraction of a second, and the
summary needs only one row for each point.
"""
