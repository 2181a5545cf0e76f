"""From one process node or supply voltage to another: stated laws, stated ranges, a warning outside them.

``nodes.py`` has the factors between nodes, ``voltage.py`` what a component's ``voltage`` does to an answer.
"""

from harness.estimation.scaling.nodes import Scaling, area_factor, energy_factor, leak_factor
from harness.estimation.scaling.voltage import nominal_voltage, with_voltage

__all__ = ["Scaling", "area_factor", "energy_factor", "leak_factor", "nominal_voltage", "with_voltage"]
