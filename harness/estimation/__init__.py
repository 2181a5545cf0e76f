"""From an architecture and component classes to energies and areas.

``estimate(architecture, compound_components, options)`` gives an :class:`Estimate` with the reference
tables (ERT, ART) and, for every line, which estimator answered and how well it fitted. One module per
source; ``query.py`` has the protocol, ``estimator.py`` the order in which they are asked, ``whole.py`` looks
first whether the same was asked before.
"""

from harness.estimation.answers import Answer, Estimate, EstimationOptions, EstimatorName
from harness.estimation.whole import estimate

__all__ = ["Answer", "Estimate", "EstimationOptions", "EstimatorName", "estimate"]
