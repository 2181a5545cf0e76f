"""The files of one result, under Timeloop's names."""

from __future__ import annotations

from harness.engines.loop_nest import map_text
from harness.engines.result import Result
from harness.report.estimation_table import estimation_csv
from harness.report.timeloop_stats import stats_text
from harness.report.yaml_text import mapping_yaml_text, yaml_text
from harness.spec.flattened import write_art, write_ert
from harness.spec.json_text import json_text

PREFIX = "timeloop-mapper"
STATS = f"{PREFIX}.stats.txt"
MAP_TEXT = f"{PREFIX}.map.txt"
MAP_YAML = f"{PREFIX}.map.yaml"
ERT = f"{PREFIX}.ERT.yaml"
ART = f"{PREFIX}.ART.yaml"
PROCESSED_INPUT = "parsed-processed-input.yaml"
ESTIMATION = "estimation.csv"
RESULT = "result.json"

_KINDS = (
    *(
        "stats.txt",
        "map.txt",
        "map.yaml",
        "map+stats.xml",
        "map.tensella.txt",
        "map.tenssella.txt",
        "map.cpp",
    ),
    *("orojenesis.csv", "oaves.csv", "ERT.yaml", "ART.yaml"),
)
REAL_TIMELOOPS = (
    *(f"timeloop-mapper.{kind}" for kind in _KINDS),
    *(f"timeloop-model.{kind}" for kind in _KINDS),
    "timeloop.log",
)
"""What is in the folder of a run of the real Timeloop, of any build, beside the record and its input."""

OWN_NAMES = (STATS, MAP_TEXT, MAP_YAML, ERT, ART, PROCESSED_INPUT, ESTIMATION, RESULT)
"""What a run of the embedded engine with estimated energies writes."""

ALL_NAMES = tuple(dict.fromkeys((*OWN_NAMES, *REAL_TIMELOOPS)))


def output_files(result: Result) -> dict[str, str]:
    """File name to text. A result without a mapping is its record alone: an empty stats file would read
    as a run that cost nothing.
    """
    return {**timeloop_files(result), RESULT: record_text(result)}


def record_text(result: Result) -> str:
    return json_text(result.to_record()) + "\n"


def timeloop_files(result: Result) -> dict[str, str]:
    """All but the record: the same for equal jobs, whatever their layers are called.

    Of a run of the real Timeloop they are its own; after a failure its log and its inputs tell why.
    """
    if result.timeloop is not None:
        return {name: text for name, text in result.files.items() if name in ALL_NAMES}
    evaluation = result.evaluation
    if result.status != "ok" or evaluation is None:
        return {}
    architecture, problem = evaluation.architecture, evaluation.problem
    files = {
        STATS: stats_text(architecture, problem, evaluation.stats),
        MAP_TEXT: map_text(problem, evaluation.mapping, evaluation.stats),
        MAP_YAML: mapping_yaml_text(result.mapping),
    }
    if architecture.ert is not None:
        files[ERT] = yaml_text({"ERT": write_ert(architecture.ert)})
    if architecture.art is not None:
        files[ART] = yaml_text({"ART": write_art(architecture.art)})
    if evaluation.answers:
        files[ESTIMATION] = estimation_csv(evaluation.answers)
    if evaluation.tree:
        from harness.spec.writing import dump_processed_input  # noqa: PLC0415 - imports PyYAML

        files[PROCESSED_INPUT] = dump_processed_input(evaluation.tree)
    return files
