"""SRAM as Accelergy's CACTI plug-in answers it: a table of its answers and the plug-in's own rules."""
