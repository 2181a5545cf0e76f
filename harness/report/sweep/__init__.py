"""A sweep for people and for other programs: screens, tables, exports, plots, folders."""
