"""From an architecture and component classes to energies and areas.

``estimate(architecture, compound_components, options)`` gives an :class:`Estimate` with the reference
tables (ERT, ART) and, for every line, which estimator answered and how well it fitted. One module per
source; ``query.py`` has the protocol, ``estimator.py`` the order in which they are asked.
"""

from harness.estimation.estimator import Answer, Estimate, EstimationOptions, estimate

__all__ = ["Answer", "Estimate", "EstimationOptions", "estimate"]
