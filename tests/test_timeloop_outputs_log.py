"""The reader of what Timeloop's programs say, on recorded runs."""

from __future__ import annotations

import pytest
from timeloop_recordings import recording

from harness.timeloop_outputs import RunLog, read_log

DIAGNOSTICS = """\
===============================================
               BEGIN DIAGNOSTICS
-----------------------------------------------
Fail class: Capacity

  Level: Buffer
    Fail count: 412
    Sample mapping that experienced this fail class:
      DRAM [ A:64 (64) ]
      ------------------
      | for M in [0:4)
    Fail reason: mapped tile size 512 exceeds buffer capacity 64

  Level: Spad
    Fail count: 3
    Fail reason: mapped tile size 32 exceeds buffer capacity 16
"""


def log_of(name: str) -> RunLog:
    made = recording(name)
    return read_log(made.stdout + made.stderr)


def test_a_search_that_ended_by_itself() -> None:
    log = log_of("mapper_gemmini")
    assert dict(log.mapspace_sizes) == {
        "IndexFactorization": 2430,
        "LoopPermutation": 72,
        "Spatial": 81,
        "DatatypeBypass": 1,
    }
    assert [thread.number for thread in log.threads] == [0, 1]
    assert [thread.ending for thread in log.threads] == ["victory_condition", "victory_condition"]
    assert log.tried_is_all
    assert log.tried == sum(thread.tried or 0 for thread in log.threads) > log.valid > 0  # type: ignore[operator]
    assert log.best is not None
    assert (log.best.thread, log.best.utilization, log.best.cycles) == (None, 0.99, 4227076)
    assert (
        log.better[0].mapping
        == "L5[WIO] D16 - L4[WI] L64 E4 - L3[] G1 D16Y - L2[O] L4 D16 - L1[] G1 E16X - L0[W] L16"
    )
    assert log.better[0].cycles == 8388612
    # A thread tells what is better for itself, so the best of all is one of these.
    assert min(found.energy_per_compute_pj * found.cycles for found in log.better) == pytest.approx(
        log.best.energy_per_compute_pj * log.best.cycles
    )
    assert not log.found_nothing
    assert log.errors == ()


def test_a_search_stopped_by_a_signal() -> None:
    log = log_of("mapper_sigint")
    assert {thread.ending for thread in log.threads} == {"stopped"}
    assert log.best is not None
    assert log.tried and not log.tried_is_all


def test_a_search_killed() -> None:
    log = log_of("mapper_killed")
    assert {thread.ending for thread in log.threads} == {None}
    assert log.best is None
    assert log.tried and not log.tried_is_all


def test_a_search_that_found_nothing() -> None:
    log = log_of("mapper_no_mapping")
    assert log.found_nothing
    assert log.tried == 1200 and log.valid is None  # no valid mapping, so no line of counts
    assert log.tried_is_all
    for thread in log.threads:
        assert thread.ending == "timeout"
        assert thread.fanout_failures is not None
        assert thread.capacity_failures is not None
        assert str(thread.fanout_failures + thread.capacity_failures) in thread.statement


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("mapper_empty_space", "ERROR: Factors: cannot split n=4 into 0 cofactors."),
        ("mapper_empty_size", "what():  Division by zero."),
        ("mapper_bad_constraint", "ERROR: target storage level not found: NoSuch"),
        (
            "model_refuses",
            "ERROR: couldn't map level Registers: mapped tile size 1024 exceeds buffer capacity 1",
        ),
    ],
)
def test_errors(name: str, error: str) -> None:
    log = log_of(name)
    assert error in log.errors
    assert log.best is None


def test_the_sparse_model() -> None:
    best = log_of("model_sparse").best
    assert best is not None
    assert (best.energy_per_compute_pj, best.energy_per_algorithmic_compute_pj) == (24.371, 2.445)


def test_diagnostics() -> None:
    first, second = read_log(DIAGNOSTICS).failures
    assert (first.kind, first.level, first.count) == ("Capacity", "Buffer", 412)
    assert first.reason == "mapped tile size 512 exceeds buffer capacity 64"
    assert (second.kind, second.level, second.count) == ("Capacity", "Spad", 3)


def test_other_endings_and_femtojoules() -> None:
    log = read_log(
        "[  0] STATEMENT: search algorithm is done, terminating search.\n"
        "[  1] STATEMENT: 100 valid mappings found, terminating search.\n"
        "[  2] STATEMENT: tea time\n"
        "[  0] Utilization = 50.00% | fJ/Compute = 4737.5 | L1[W] D16  | Cycles = 12\n"
        "[  0] Utilization = 0.50 | pJ/Compute = 4.7[  1] Utilization = 0.5 | Cycles = 12\n"
    )
    assert [thread.ending for thread in log.threads] == ["exhausted", "search_size", "unknown"]
    (better,) = log.better
    assert (better.utilization, better.energy_per_compute_pj) == (0.5, pytest.approx(4.7375))


@pytest.mark.parametrize(
    ("ending", "tried", "is_all"),
    [
        ("3 suboptimal mappings found since the last upgrade, terminating search.", 20, True),
        ("4 valid mappings found, terminating search.", 20, True),
        (
            "9 invalid mappings (7 fanout, 2 capacity) found since the last valid mapping, terminating",
            29,
            True,
        ),
        ("search algorithm is done, terminating search.", 20, False),
        ("global termination flag activated, terminating search.", 20, False),
        ("tea time", 20, False),
    ],
)
def test_what_is_tried_after_the_last_valid_mapping(ending: str, tried: int, is_all: bool) -> None:
    log = read_log(f"[0] INVALID 20 4 2\n[  0] STATEMENT: {ending}\n")
    assert (log.tried, log.tried_is_all) == (tried, is_all)


def test_map_spaces_beyond_64_bits() -> None:
    """Timeloop counts with 128: six levels whose seven loops are free have 1.6e22 permutations."""
    log = read_log(f"Mapspace Dimension [LoopPermutation] Size: {5040**6}\n[0] INVALID {10**30} 1 2")
    assert dict(log.mapspace_sizes) == {"LoopPermutation": 5040**6}
    assert log.tried == 10**30


@pytest.mark.parametrize(
    ("share", "energy", "cycles"),
    [("0.5", "nan", "12"), ("0.5", "-inf", "12"), ("1e999", "4.7", "12"), ("0.5", "4.7", 5000 * "9")],
)
def test_a_better_mapping_without_figures_is_none(share: str, energy: str, cycles: str) -> None:
    """They are shown as they come, and compared."""
    log = read_log(f"[  0] Utilization = {share} | pJ/Compute = {energy} | L1[W] D16 | Cycles = {cycles}\n")
    assert log.better == ()


def test_nothing_at_all() -> None:
    log = read_log("")
    assert (log.threads, log.best, log.tried, log.found_nothing) == ((), None, None, False)
