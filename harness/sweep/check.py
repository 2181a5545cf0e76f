"""The mapping of a layer, evaluated by the real Timeloop too."""

from __future__ import annotations

from dataclasses import replace

from harness.engines.by_name import engine_named
from harness.engines.comparison import compare
from harness.engines.job import Job
from harness.engines.result import CheckRecord, Result
from harness.errors import HarnessError, Unavailable


def checked(job: Job, result: Result) -> Result:
    """``result`` of the embedded engine with what the comparison gave; as it is where it has no mapping.

    Whatever becomes of the real Timeloop, the figures stand: then they are "not_checked", with the reason.
    Unavailable where it is not there.
    """
    evaluation = result.evaluation
    if result.status != "ok" or evaluation is None:
        return result
    # With the tables that were used: estimated again they might take a while, and could not differ.
    given = replace(job.specification, architecture=evaluation.architecture, mapping=evaluation.mapping)
    try:
        theirs = engine_named("timeloop")(replace(job, specification=given), None, None)
    except Unavailable:
        raise
    except HarnessError as error:
        return replace(result, check=CheckRecord("not_checked", reason=str(error)))
    return replace(result, check=compare(result, theirs).record())
