"""CACTI, the memory model, as a program that runs beside the tables: see ``docs/energy.md``."""

from harness.estimation.cacti.driver import Cacti, CactiUnavailable, cacti_for, cacti_identity
from harness.estimation.cacti.output import CactiAnswer
from harness.estimation.cacti.request import CactiRequest

__all__ = [
    "Cacti",
    "CactiAnswer",
    "CactiRequest",
    "CactiUnavailable",
    "cacti_for",
    "cacti_identity",
]
