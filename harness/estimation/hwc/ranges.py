"""What the models were made for: an answer beyond that is given, with a warning."""

from __future__ import annotations

from collections.abc import Iterator

from harness.estimation.cacti.nodes import NODES_NM
from harness.estimation.hwc.models import Modelled, Question
from harness.estimation.query import finite_number

SCALED_NM = (7.0, 130.0)
"""The table of factors of ``hwcomponents.scaling`` (A. Stillmaker, B. Baas, Integration 58, 2017); beyond it
the package goes on in proportion."""

SURVEY_NM = (4.0, 1000.0)
SURVEY_BITS = (3.4, 17.2)
SURVEY_HERTZ = (1e3, 9e10)
"""The 215 published converters behind the model of hwcomponents-adc (``adc_data/adc_list.csv``)."""


def beyond(class_name: str, question: Question, answer: Modelled) -> Iterator[str]:
    """A line for each range that is left."""
    metres = finite_number(question.attributes.get("tech_node"))
    nanometres = None if metres is None else float(f"{metres * 1e9:.6g}")
    package = answer.module.partition(".")[0]
    if nanometres is not None:
        where = f"{class_name} at {nanometres:g} nm"
        if answer.by_cacti and _outside(nanometres, (NODES_NM[0], NODES_NM[-1])):
            cacti = f"CACTI models {NODES_NM[0]} to {NODES_NM[-1]} nm"
            yield f"{where}: {cacti}, hwcomponents scales from {NODES_NM[0]} nm"
        if (
            package == "hwcomponents_library"
            and "tech_node" in answer.used
            and _outside(nanometres, SCALED_NM)
        ):
            low, high = SCALED_NM
            yield f"{where}: hwcomponents has factors for {low:g} to {high:g} nm, and goes on in proportion"
    if package == "hwcomponents_adc":
        yield from _beyond_the_survey(class_name, question, nanometres)


def _beyond_the_survey(class_name: str, question: Question, nanometres: float | None) -> Iterator[str]:
    converters = finite_number(question.attributes.get("n_adcs")) or 1.0
    rate = finite_number(question.attributes.get("throughput"))
    stated = (
        ("nm", nanometres, SURVEY_NM),
        ("bits", finite_number(question.attributes.get("n_bits")), SURVEY_BITS),
        ("conversions per second", None if rate is None else rate / converters, SURVEY_HERTZ),
    )
    for unit, value, (low, high) in stated:
        if value is not None and _outside(value, (low, high)):
            survey = f"the converters of the survey have {low:g} to {high:g} {unit}"
            yield f"{class_name}: {survey}, {value:g} is beyond"


def _outside(value: float, ends: tuple[float, float]) -> bool:
    return not ends[0] <= value <= ends[1]
