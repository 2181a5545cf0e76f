"""Writing a specification in the v4 dialect, plain: no templates, no expressions, no files in files.

What Timeloop's front ends take. :func:`export_v4` gives the sections; files and texts are the caller's.
"""

from harness.spec.v4.exporting.sections import V4Sections, export_v4

__all__ = ["V4Sections", "export_v4"]
