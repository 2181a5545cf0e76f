"""Compound components: what an action costs, summed over the primitive components inside.

The rules are Accelergy 0.4's. Attributes are evaluated from top to bottom, each seeing those before it
and those of the enclosing component; ``must_specify`` marks what the user has to give; technology, clock
and instance count are handed down by themselves. Energy of an action = sum over its uses of count x
scale x energy of the primitive action, with the scales of all enclosing uses multiplied; area = sum over
all parts of count x area scale x area. Nothing is rounded on the way.

``values.py`` reads what a class file means, ``places.py`` builds a class with its parts and attributes,
``sums.py`` says which questions a component asks and with which factors the answers count.
"""

from harness.estimation.compound.sums import CompoundComponent, Entry
from harness.estimation.compound.uses import Ask, Use

__all__ = ["Ask", "CompoundComponent", "Entry", "Use"]
