"""What stands behind energies and areas: tables, derivations, comparisons, exports and a page."""
