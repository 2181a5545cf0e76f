"""Estimation tables: CSV rows that name their component exactly, in Accelergy's table format.

A family is a folder with a manifest and one CSV file per component class::

    name: 32nm_tables                  # how answers are attributed
    accuracy: 100                      # percent, on Accelergy's scale
    path_to_data_dir: ./data
    units: {energy: pJ, area: um^2}
    keys: {ADC: [technology, type, datawidth]}

The key columns decide whether a row is meant: they must be equal, unless the manifest declares that rows may
be interpolated (``interpolate``) or scaled (``scale``) in a column. Without ``keys`` every column is one that
is neither a figure nor listed in ``rows.NO_KEYS``; what all rows are for without a column is ``implied``. The
clock columns are not keys, so a table answers at any clock; the energy of ``idle`` rows, which is what leaks
in one cycle of the row's clock, is scaled to the cycle asked for. (The plug-in for which these tables were
made compared every column as text and fell silent at any other clock.)

``manifest.py`` and ``rules.py`` read manifests, ``rows.py`` tables, ``places.py`` finds both; ``fitting.py``,
``between.py`` and ``factors.py`` choose, interpolate and scale rows for ``lookup.py``.
"""

from harness.estimation.tables.places import digest_of_tables, registered_folders
from harness.estimation.tables.source import OF_A_USER, TableSource

__all__ = ["OF_A_USER", "TableSource", "digest_of_tables", "registered_folders"]
