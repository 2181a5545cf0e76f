"""What a running sweep tells: on terminals of all widths, in pipes, with and without a known end."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness.report.sweep import progress as sweep_progress
from harness.report.sweep.pace import SweepPace
from harness.report.sweep.progress import SweepProgress, fitting_words, layer_line, plain_line
from harness.sweep.metrics import Metrics
from harness.sweep.outcome import LayerOutcome
from harness.sweep.point import Point


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def outcome(ok: bool = True) -> LayerOutcome:
    if not ok:
        return LayerOutcome("KQV", 24, "blocks", False, 8, "no_mapping", reason="nothing fits")
    return LayerOutcome(
        "KQV", 24, "blocks", False, 8, "ok", cycles=1234, energy_pj=2.5e6, edp_j_cycles=0.003, utilization=1.0
    )


def point(index: int, edp_sum: float | None, study: int = 0, utilization: float = 0.5) -> Point:
    metrics = None if edp_sum is None else Metrics(1.0, 2, utilization, edp_sum, 4.0, None)
    return Point(index, study, "gemmini", {}, {}, "failed" if metrics is None else "ok", metrics)


def advance(pace: SweepPace, clock: Clock, points: int, seconds: float, reused: bool = False) -> None:
    """Points of two layers, the second equal to the first."""
    for _ in range(points):
        clock.now += seconds
        index = pace.points_done
        pace.layer_done(index, outcome(), reused)
        pace.layer_done(index, outcome(), True)
        pace.point_done(point(index, 10.0 + index))


def test_the_time_left_follows_from_the_pace() -> None:
    clock = Clock()
    pace = SweepPace(100, 200, clock=clock)
    assert pace.seconds_left is None
    advance(pace, clock, 25, 2.0)
    assert pace.per_second == pytest.approx(1.0)
    assert pace.seconds_left == pytest.approx(150.0)
    assert pace.words() == {
        "points": "25/100",
        "time": "2 min 30 s left",
        "pace": "1 layers/s",
        "best": "best 10 J*cycles at 0",
    }


def test_points_that_were_there_before_do_not_make_the_rest_look_quick() -> None:
    clock = Clock()
    pace = SweepPace(100, 200, clock=clock)
    advance(pace, clock, 50, 0.0, reused=True)
    assert pace.per_second is None and pace.seconds_left is None
    advance(pace, clock, 10, 2.0)
    assert pace.seconds_left == pytest.approx(80.0)
    assert (pace.reused, pace.points_done) == (50, 60)


def test_the_pace_is_that_of_the_last_minute() -> None:
    clock = Clock()
    pace = SweepPace(None, None, clock=clock)
    advance(pace, clock, 100, 1.0)
    advance(pace, clock, 100, 4.0)
    assert pace.per_second == pytest.approx(0.5, rel=0.1)
    assert pace.words()["points"] == "200"
    assert "left" not in pace.words()["time"], "the end is not known"


def test_the_best_is_that_of_the_criterion_and_never_a_failure() -> None:
    pace = SweepPace(9, None)
    for index, value in enumerate((3.0, None, 1.0, 2.0, 1.0)):
        pace.point_done(point(index, value))
    assert pace.best == "1 J*cycles at 2", "the first of equal ones"
    assert pace.failed == 1
    greatest = SweepPace(9, None, criterion="utilization")
    for index, value in enumerate((0.1, 0.9, 0.5)):
        greatest.point_done(point(index, 1.0, utilization=value))
    assert greatest.best == "90.00 % at 1"
    unknown = SweepPace(9, None, criterion="area")
    unknown.point_done(point(0, 1.0))
    assert unknown.best is None, "no area is known"


def test_points_of_different_studies_are_not_compared() -> None:
    pace = SweepPace(9, None)
    pace.point_done(point(0, 1.0, study=0))
    pace.point_done(point(1, 5.0, study=1))
    assert pace.best == "5 J*cycles at 1"


@pytest.mark.parametrize("width", range(20, 201, 10))
def test_the_line_fits_every_width(width: int) -> None:
    clock = Clock()
    pace = SweepPace(1_000_000, 8_000_000, clock=clock)
    advance(pace, clock, 3, 0.0, reused=True)
    advance(pace, clock, 40, 3.0)
    pace.point_done(point(77, None))
    bar, text = fitting_words(pace, width)
    assert text.startswith("44/1,000,000")
    assert len(text) + 1 + bar <= max(width, len("44/1,000,000") + 1)
    assert ("1 failed" in text) == (width >= 60) or width < 60
    if width >= 100:
        assert "best 10 J*cycles at 0" in text and "left" in text and bar >= 8
    assert plain_line(pace).startswith("points 44/1,000,000  ")


def shown_on(console: Console) -> None:
    with SweepProgress(console, 2, 4, every_layer=True) as progress:
        progress.layer_done(0, outcome(), False)
        progress.layer_done(0, outcome(), True)
        progress.point_done(point(0, 1.5))
        progress.layer_done(1, outcome(ok=False), False)
        progress.point_done(point(1, None))


def test_on_a_terminal_there_is_a_bar_and_the_lines_above_it() -> None:
    screen = io.StringIO()
    shown_on(Console(file=screen, force_terminal=True, width=100, color_system=None))
    text = screen.getvalue()
    assert "no mapping: nothing fits" in text
    assert "2/2" in text and "best 1.5 J*cycles at 0" in text and "1 failed" in text


def test_without_a_terminal_there_are_only_the_lines_that_were_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = io.StringIO()
    shown_on(Console(file=written, width=80))
    assert written.getvalue().splitlines() == [
        layer_line(0, outcome(), False),
        layer_line(0, outcome(), True),
        layer_line(1, outcome(ok=False), False),
    ]
    assert capsys.readouterr() == ("", "")


def test_a_long_run_without_a_terminal_says_now_and_then_where_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_progress, "_PLAIN_SECONDS", 0.0)
    written = io.StringIO()
    shown_on(Console(file=written, width=80))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["points 1/2", "points 2/2"]
    assert lines[1].endswith("best 1.5 J*cycles at 0  1 failed")
