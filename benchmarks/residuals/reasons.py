"""Why a figure of ours is not the reference's: a short list, each of which is put to the test.

A difference has a reason only if undoing that reason gives the reference's figure to its last digit (or,
where there is nothing to undo, if the answer itself says so). What is left over is :data:`UNEXPLAINED`.
"""

from __future__ import annotations

from harness.estimation import EstimationOptions

TABLES = EstimationOptions(use_hwcomponents=False, use_cache=False)
"""The shipped tables alone: the same figures on every machine."""

FAN_OUT = "fan-out"
ACTION_SHARE = "action_share"
BETWEEN_ROWS = "between rows"
BY_HAND = "by hand"
LIBRARY_2024 = "library of 2024"
NO_ESTIMATOR = "no estimator"
MULTIPLIER = "mac_multiplier"
ACCOUNTING = "pim_accounting"
UNEXPLAINED = "unexplained"

REASONS = {
    FAN_OUT: "a level that stands for spatial fan-out costs nothing here; the reference's placeholder says "
    "1 to everything (dummy_energy_pj=1, dummy_area_um2=1 undo it)",
    ACTION_SHARE: "how often a sub-action happens counts here; Accelergy has ignored the key since April "
    "2024 (--action-share ignored undoes it)",
    BETWEEN_ROWS: "the SRAM table has no row of this size and interpolates; CACTI, where it runs, gives the "
    "reference's figure",
    BY_HAND: "the reference's table was written by hand for a test of the model and estimates nothing",
    LIBRARY_2024: "until January 2025 the library took its rows for 45 nm; they are 40 nm now, and the "
    "factor to the same node is larger",
    MULTIPLIER: "the shipped MAC has a multiplier where the reference's has a second adder "
    "(mac_multiplier=legacy_adder undoes it)",
    ACCOUNTING: "the shipped architecture counts all cells of a word and how often each part acts "
    "(pim_accounting=legacy undoes it)",
    NO_ESTIMATOR: "Accelergy ends with an error here: no plug-in answers the address generators' intadder",
}

UNDOING = {
    ACTION_SHARE: EstimationOptions(use_hwcomponents=False, use_cache=False, legacy_action_share=True),
    FAN_OUT: EstimationOptions(
        use_hwcomponents=False, use_cache=False, dummy_energy_pj=1.0, dummy_area_um2=1.0
    ),
}
"""Under which options the reference's figure comes out."""
