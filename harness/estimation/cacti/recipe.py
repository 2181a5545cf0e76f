"""Where CACTI lies in the package hwcomponents_cacti, and how it is made from the sources there.

The sources are CACTI 7 (HewlettPackard/cacti 1ffd8df) with changes of blanks and of compiler flags only, none
of them in the model. ``NTHREADS=1`` is what Accelergy's build has: the search through the internal
organisations then goes in one order. Contraction of products and sums is off, so that all machines calculate
alike.
"""

from harness.estimation.programs import Recipe

CACTI = Recipe(
    name="CACTI",
    package="hwcomponents_cacti",
    folders=("cacti",),
    suffix=".cc",
    headers=".h",
    flags=("-std=gnu++14", "-O1", "-w", "-ffp-contract=off", "-DNTHREADS=1"),
    data="tech_params",
    shipped="cacti/cacti",
    greeting="how to use CACTI",
    seconds=8,
)
