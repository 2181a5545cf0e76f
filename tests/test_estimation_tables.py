"""Tables of the user's own: what a manifest declares, Accelergy's folders as they are, and where they lie."""

from __future__ import annotations

import math
import os
import random

import pytest
import yaml
from estimation_cases import MEMORY, SHARED, UNIT, architecture_of, component_classes
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import EstimationError
from harness.estimation import EstimationOptions, estimate
from harness.estimation.query import Declined, Query
from harness.estimation.scaling import area_factor, energy_factor, leak_factor
from harness.estimation.tables import TableSource, digest_of_tables, registered_folders
from harness.estimation.tables.between import NoCurve, OutOfRange, between
from harness.estimation.tables.rows import NO_KEYS

MANIFEST = "name: mine\naccuracy: 90\n"
HEADER = "technology,width,depth,action,global_cycle_seconds,energy,area\n"
GRID = HEADER + "".join(
    f"45nm,{width},{depth},{action},1e-9,{energy},{area}\n"
    for (width, depth), figures in {
        (16, 64): (1, 1.5, 0.001, 100),
        (16, 256): (2, 3, 0.004, 300),
        (32, 64): (4, 5, 0.002, 200),
        (32, 256): (8, 10, 0.008, 600),
    }.items()
    for action, energy, area in (
        ("read", figures[0], figures[3]),
        ("write", figures[1], figures[3]),
        ("idle", figures[2], figures[3]),
    )
)


def family(folder, manifest=MANIFEST, name="manifest.yaml", data="data", **tables):
    (folder / data).mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(manifest)
    for table, text in tables.items():
        (folder / data / f"{table}.csv").write_text(text)
    return folder


def accelergy_set(folder, manifest="", accuracy=60, **tables):
    text = f"name: theirs\ntechnology: 45nm\naccuracy: {accuracy}\npath_to_data_dir: ./data # own\n"
    return family(folder, text + manifest, "some.table.yaml", **tables)


def asked(folder, action=None, arguments=None, class_name="memory", **attributes):
    """The answer of the tables in ``folder`` to a component of 45 nm at 1 ns."""
    usual = {"technology": "45nm", "global_cycle_seconds": 1e-9}
    query = Query("x", class_name, {**usual, **attributes}, action, arguments or {})
    return TableSource(folder).estimate(query)


def refusal(*arguments, **attributes):
    with pytest.raises(Declined) as caught:
        asked(*arguments, **attributes)
    return caught.value.reason


# --- interpolation ---------------------------------------------------------------------------------

INTERPOLATED = MANIFEST + "interpolate: {memory: {depth: log-log, width: linear}}\n"


def test_a_row_is_a_row_though_interpolation_is_declared(tmp_path):
    found = asked(family(tmp_path, INTERPOLATED, memory=GRID), "read", width=32, depth=256)
    assert (found.value, found.fit, found.accuracy) == (8, "row", 90)
    assert found.note == "matched technology, width, depth"
    assert found.attributes == (("technology", "45nm"), ("width", "32"), ("depth", "256"))


def test_between_rows_as_declared(tmp_path):
    family(tmp_path, INTERPOLATED + "source: a paper\nuncertainty: 15%\n", memory=GRID)
    found = asked(tmp_path, "read", width=16, depth=128)
    assert found.value == pytest.approx(math.sqrt(1 * 2))
    assert (found.fit, found.accuracy, found.uncertainty) == ("interpolated", 81, 0.15)
    assert found.note == (
        "matched technology, width; between lines 2 and 5 of memory.csv (depth 128 of 64 to 256, log-log)"
    )
    assert found.citation == f"a paper; {tmp_path.name}/data/memory.csv:2,5"
    assert asked(tmp_path, "read", width=20, depth=64).value == pytest.approx(1 + (4 - 1) / 4)


def test_in_several_columns_at_once(tmp_path):
    family(tmp_path, INTERPOLATED, memory=GRID)
    found = asked(tmp_path, "read", width=24, depth=128)
    at_64, at_256 = (1 + 4) / 2, (2 + 8) / 2
    assert found.value == pytest.approx(math.sqrt(at_64 * at_256))
    assert "between lines 2, 5, 8 and 11" in found.note
    assert "depth 128 of 64 to 256, log-log; width 24 of 16 to 32, linear" in found.note
    assert asked(tmp_path, width=24, depth=64).value == 150


def test_leakage_between_rows_of_different_clocks_is_between_their_powers(tmp_path):
    text = HEADER + "45nm,8,64,idle,1e-9,0.001,1\n45nm,8,256,idle,2e-9,0.008,1\n"
    family(tmp_path, MANIFEST + "interpolate: {memory: {depth: log-log}}\n", memory=text)
    found = asked(tmp_path, "leak", width=8, depth=128, global_cycle_seconds=4e-9)
    assert found.value == pytest.approx(4 * math.sqrt(0.001 * 0.004))
    assert found.scaling == "clock 1 -> 4 ns x4; clock 2 -> 4 ns x2"


def test_nothing_beyond_the_rows(tmp_path):
    family(tmp_path, INTERPOLATED, memory=GRID)
    for depth in (63, 257, 1e6, -1, 0):
        reason = refusal(tmp_path, "read", width=16, depth=depth)
        assert "is outside the rows of memory.csv, 64 to 256: log-log between them, nothing beyond" in reason
    assert "width 64 is outside the rows of memory.csv, 16 to 32" in refusal(
        tmp_path, "read", width=64, depth=64
    )
    assert "depth 'deep' is no number" in refusal(tmp_path, "read", width=16, depth="deep")


def test_what_is_not_declared_must_be_equal(tmp_path):
    family(tmp_path, MANIFEST + "interpolate: {memory: {depth: log-log}}\n", memory=GRID)
    assert refusal(tmp_path, "read", width=24, depth=128) == (
        "mine: no row for technology='45nm', width=24, depth=128; "
        "nearest is memory.csv:8 with width 32 (asked 24) and technology 45nm"
    )


def test_a_grid_with_a_hole_takes_the_next_line(tmp_path):
    """At depth 128 only the width 16 is known: the lines at 64 and 256 answer for 24."""
    family(tmp_path, INTERPOLATED, memory=GRID + "45nm,16,128,read,1e-9,1.4,200\n")
    assert asked(tmp_path, "read", width=24, depth=128).value == pytest.approx(math.sqrt(2.5 * 5))
    assert asked(tmp_path, "read", width=16, depth=128).value == 1.4


def test_no_logarithm_of_zero(tmp_path):
    text = HEADER + "45nm,8,64,read,1e-9,0,1\n45nm,8,256,read,1e-9,2,1\n45nm,8,256,write,1e-9,2,1\n"
    family(tmp_path, MANIFEST + "interpolate: {memory: {depth: log-log}}\n", memory=text)
    assert refusal(tmp_path, "read", width=8, depth=128).endswith("no log-log in depth over a figure of 0")


@settings(max_examples=200, deadline=None)
@given(
    figures=st.lists(st.floats(0, 1e9), min_size=4, max_size=4),
    share=st.floats(0, 1),
    other=st.floats(0, 1),
    curve=st.sampled_from(["linear", "log-log"]),
)
def test_what_lies_between_rows_lies_between_their_figures(figures, share, other, curve):
    points = [(x, y) for x in (1.0, 7.0) for y in (2.0, 300.0)]
    value_of = dict(zip(points, figures, strict=True)).__getitem__
    at = (1 + 6 * share, 2 + 298 * other)
    try:
        found = between(points, at, (curve, curve), value_of)
    except NoCurve:
        assert curve == "log-log"
        assert min(figures) == 0
        return
    assert min(figures) <= found.value <= max(figures)
    shuffled = random.Random(1).sample(points, 4)
    assert between(shuffled, at, (curve, curve), value_of).value == found.value
    with pytest.raises(OutOfRange):
        between(points, (7.001, at[1]), (curve, curve), value_of)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(GRID.splitlines()[1:]), width=st.sampled_from([16, 20, 32]))
def test_the_order_of_rows_does_not_matter(order, width, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    family(folder / "a", INTERPOLATED, memory=GRID)
    family(folder / "b", INTERPOLATED, memory=HEADER + "\n".join(order))
    for action in ("read", "leak", None):
        one, other = (asked(folder / name, action, width=width, depth=100) for name in "ab")
        assert one.value == other.value


# --- scaling ---------------------------------------------------------------------------------------

SCALED = (
    MANIFEST + "scale: {memory: {width: linear, technology: cmos}}\ninterpolate: {memory: {depth: log-log}}\n"
)


def test_a_row_times_declared_factors(tmp_path):
    found = asked(family(tmp_path, SCALED, memory=GRID), "read", width=24, depth=64)
    # 32 is nearer to 24 than 16 in ratio.
    assert found.value == pytest.approx(4 * 24 / 32)
    assert (found.fit, found.accuracy) == ("scaled", 72)
    assert found.scaling == "width 32 -> 24 linear x0.75"
    assert found.note == "matched technology, depth; from memory.csv:8"


def test_nodes_are_scaled_by_the_laws_of_the_package(tmp_path):
    family(tmp_path, SCALED, memory=GRID)
    attributes = {"width": 32, "depth": 128, "technology": "28nm"}
    energy, leak, area = energy_factor(45, 28), leak_factor(45, 28), area_factor(45, 28)
    found = asked(tmp_path, "read", **attributes)
    assert found.value == pytest.approx(math.sqrt(4 * 8) * energy.factor)
    assert found.scaling == energy.words
    assert found.fit == "scaled"
    assert asked(tmp_path, "leak", **attributes).value == pytest.approx(0.004 * leak.factor)
    assert asked(tmp_path, **attributes).value == pytest.approx(math.sqrt(200 * 600) * area.factor)
    assert asked(tmp_path, "read", **{**attributes, "technology": "5nm"}).warnings


def test_one_law_for_each_figure(tmp_path):
    manifest = MANIFEST + "scale: {memory: {width: {energy: 1.5, area: quadratic}}}\n"
    family(tmp_path, manifest, memory=GRID)
    assert asked(tmp_path, "read", width=64, depth=64).value == pytest.approx(4 * 2**1.5)
    assert asked(tmp_path, width=64, depth=64).value == 800
    assert "how energy, area goes with width, not leak" in refusal(tmp_path, "leak", width=64, depth=64)
    assert asked(tmp_path, "leak", width=32, depth=64).value == 0.002


def test_voltage_is_quadratic_for_energy_and_linear_for_leakage(tmp_path):
    text = "technology,voltage,action,global_cycle_seconds,energy,area\n"
    text += "45nm,0.8V,read,1e-9,2,7\n45nm,0.8V,idle,1e-9,0.5,7\n"
    family(tmp_path / "a", MANIFEST + "scale: {memory: {voltage: quadratic}}\n", memory=text)
    assert asked(tmp_path, "read", voltage=0.4).value == pytest.approx(0.5)
    assert asked(tmp_path, "leak", voltage=0.4).value == pytest.approx(0.25)
    assert asked(tmp_path, voltage=0.4).value == 7
    assert asked(tmp_path, "read", voltage=0.4).attributes[-1] == ("voltage", "0.4")
    family(tmp_path / "a", MANIFEST + "scale: {memory: {voltage: cmos, technology: cmos}}\n")
    expected = energy_factor(45, 32, 0.8, 0.7).factor
    assert asked(tmp_path, "read", voltage=0.7, technology=32).value == pytest.approx(2 * expected)
    assert asked(tmp_path, "read", voltage=0.7).value == pytest.approx(
        2 * energy_factor(45, 45, 0.8, 0.7).factor
    )


def test_a_row_that_is_stretched_far_says_so(tmp_path):
    family(tmp_path, SCALED, memory=GRID)
    assert asked(tmp_path, "read", width=128, depth=64).warnings == ()
    assert asked(tmp_path, "read", width=129, depth=64).warnings == (
        "width 129 is far from the 32 of the nearest row, memory.csv:8",
    )


def test_nothing_is_scaled_from_or_to_zero(tmp_path):
    family(tmp_path, SCALED, memory=GRID)
    assert "cannot be scaled from or to zero" in refusal(tmp_path, "read", width=0, depth=64)
    assert "width 'wide' is no number" in refusal(tmp_path, "read", width="wide", depth=64)


# --- rows, clocks, sources -------------------------------------------------------------------------


def test_an_uncertainty_and_a_source_of_one_row(tmp_path):
    text = "size,action,energy,area,source,uncertainty\n1,go,2,3,measured,5%\n2,go,2,3,,\n"
    family(tmp_path, MANIFEST + "source: {memory: a paper}\nuncertainty: {memory: 0.2}\n", memory=text)
    first, second = (asked(tmp_path, "go", size=size) for size in (1, 2))
    assert (first.uncertainty, second.uncertainty) == (0.05, 0.2)
    assert first.citation.startswith("measured; ")
    assert second.citation.startswith("a paper; ")


def test_rows_for_several_clocks(tmp_path):
    text = "action,global_cycle_seconds,energy,area\ngo,1e-9,2,1\ngo,4e-9,3,1\n"
    family(tmp_path, memory=text)
    assert asked(tmp_path, "go").value == 2
    assert asked(tmp_path, "go").note == "matched by its name"
    slow = asked(tmp_path, "go", global_cycle_seconds=3e-9)
    assert (slow.value, slow.note) == (3, "matched by its name; the row for a clock of 4e-09 s")


def test_the_manifests_technology_holds_for_a_table_without_that_column(tmp_path):
    text = "size,action,energy,area\n1,go,2,3\n"
    family(tmp_path, MANIFEST + "technology: 45nm\n", memory=text)
    assert asked(tmp_path, "go", size=1).value == 2
    assert "nearest is memory.csv:2 with technology 45nm (asked 7nm)" in refusal(
        tmp_path, "go", size=1, technology="7nm"
    )
    family(tmp_path, MANIFEST + "technology: 45nm\nscale: {memory: {technology: cmos}}\n")
    assert asked(tmp_path, "go", size=1, technology="32nm").fit == "scaled"


@pytest.mark.parametrize("value", [45, 45.0, "45", "45nm", "45 nm"])
def test_one_node_has_many_spellings(value, tmp_path):
    family(tmp_path, memory=GRID)
    assert asked(tmp_path, "read", width="16", depth=64.0, technology=value).value == 1


def test_a_number_too_long_for_text_fits_no_row(tmp_path):
    family(tmp_path, memory=GRID)
    assert "no row" in refusal(tmp_path, "read", width=10**5000, depth=64)


def test_what_is_free_says_so(tmp_path):
    family(tmp_path, MANIFEST + "technology: free\n", memory="action,energy,area\ngo,0,0\nstay,1,0\n")
    assert asked(tmp_path, "go", technology="free").fit == "free"
    assert asked(tmp_path, "stay", technology="free").fit == "row"


def test_spreadsheets_leave_marks_that_do_no_harm(tmp_path):
    family(tmp_path)
    text = "\ufeffsize,action,energy,area,,\r\n1,go,2,3,,\r\n\r\n2,go,5,6\r\n"
    (tmp_path / "data" / "memory.csv").write_bytes(text.encode())
    assert [asked(tmp_path, "go", size=n).value for n in (1, 2)] == [2, 5]
    (tmp_path / "data" / "memory.csv").write_bytes(text.replace("3,,", "3,,surplus").encode())
    with pytest.raises(EstimationError, match=r"memory.csv:2: the row has 6 fields, the header 4 columns"):
        asked(tmp_path, "go", size=1)


def test_an_edited_table_counts_at_once(tmp_path):
    table = family(tmp_path, memory="size,action,energy,area\n1,go,2,3\n") / "data" / "memory.csv"
    assert asked(tmp_path, "go", size=1).value == 2
    table.write_text("size,action,energy,area\n1,go,2.5,3\n")
    assert asked(tmp_path, "go", size=1).value == 2.5
    family(tmp_path, MANIFEST + "units: {energy: nJ}\n", other="action,energy,area\ngo,1,1\n")
    assert asked(tmp_path, "go", size=1).value == 2500
    assert asked(tmp_path, "go", class_name="other").value == 1000


# --- folders of Accelergy's table plug-in ----------------------------------------------------------

REGFILE = "technology,latency,width,depth,action,data_delta,address_delta,energy,area\n" + "".join(
    f"45nm,5ns,8,128,read,{data},{address},{energy},9\n"
    for data, address, energy in ((0, 0, 0.03), (0, 1, 0.05), (1, 0, 0.1), (1, 1, 0.12))
)


def test_sets_are_found_however_deep(tmp_path):
    accelergy_set(tmp_path / "a" / "b" / "c", memory=REGFILE)
    accelergy_set(tmp_path / ".git" / "old", broken="")
    family(tmp_path / "own", other="action,energy,area\ngo,1,1\n")
    source = TableSource(tmp_path)
    assert source.classes() == ["memory", "other"]
    found = asked(tmp_path, "read", {"data_delta": 0, "address_delta": 1.0}, width=8, depth=128)
    assert (found.value, found.estimator, found.accuracy) == (0.05, "theirs", 60)
    assert found.citation == "c/data/memory.csv:3"


def test_arguments_must_match_and_the_clock_need_not(tmp_path):
    accelergy_set(tmp_path, memory=REGFILE)
    clock = {"global_cycle_seconds": 7e-9, "action_latency_cycles": 3}
    found = asked(tmp_path, "read", clock, width=8, depth=128)
    assert (found.value, found.note) == (
        0.12,
        "matched technology, width, depth; data_delta and address_delta taken as 1",
    )
    assert "data_delta=0.5, only data_delta 0 or 1" in refusal(
        tmp_path, "read", {"data_delta": 0.5}, width=8, depth=128
    )
    assert "memory.csv has no column for the argument 'num_destinations'" in refusal(
        tmp_path, "read", {"num_destinations": 4}, width=8, depth=128
    )
    accelergy_set(tmp_path, memory=REGFILE.replace("read,1,", "read,0.5,"))
    assert "several rows fit; 'data_delta' must be stated" in refusal(tmp_path, "read", width=8, depth=128)


def test_a_row_for_less_activity_says_so(tmp_path):
    accelergy_set(tmp_path, memory="action,data_delta,energy,area\nread,0,2,1\n")
    assert asked(tmp_path, "read").note == "matched technology; the row is for data_delta 0"


def test_rows_without_energy_are_skipped_and_counted(tmp_path):
    text = REGFILE + "45nm,5ns,16,128,read,1,1,,9\n45nm,5ns,16,256,read,1,1,,\n"
    accelergy_set(tmp_path, memory=text, empty=REGFILE.splitlines()[0] + "\n45nm,5ns,1,1,read,1,1,,\n")
    found = asked(tmp_path, "read", width=8, depth=128)
    assert found.warnings == ("memory.csv of theirs: 2 rows have no energy and count for nothing",)
    assert "no row" in refusal(tmp_path, "read", width=16, depth=128)
    assert refusal(tmp_path, class_name="empty") == ("theirs: none of the 1 rows of empty.csv has an energy")


def test_rows_that_differ_in_their_latency(tmp_path):
    text = "latency,action,energy,area\n5ns,go,2,1\n9ns,go,3,\n9ns,idle,1,1\n"
    accelergy_set(tmp_path, memory=text)
    assert asked(tmp_path, "go", latency="9ns").value == 3
    assert "'latency' must be stated" in refusal(tmp_path, "go")
    assert asked(tmp_path).value == 1
    assert "'idle' in memory.csv:4 is for a clock that the row does not state" in refusal(tmp_path, "leak")


def test_accuracy_decides_between_sets_and_0_means_never(tmp_path):
    text = "action,energy,area\ngo,{},1\n"
    accelergy_set(tmp_path / "a", accuracy=50, memory=text.format(1))
    assert asked(tmp_path, "go").value == 1
    accelergy_set(tmp_path / "b", accuracy=70, memory=text.format(2))
    assert asked(tmp_path, "go").value == 2
    accelergy_set(tmp_path / "a", accuracy=0)
    accelergy_set(tmp_path / "b", accuracy=0)
    place = tmp_path / "a" / "some.table.yaml"
    assert f"theirs: accuracy 0 says that its rows are never used ({place}:3)" in refusal(tmp_path, "go")


def test_foreign_keys_are_left_alone_and_slips_are_not(tmp_path):
    accelergy_set(tmp_path, "version: 0.3\nmaintainer: me\n", memory="action,energy,area\ngo,1,1\n")
    assert asked(tmp_path, "go").value == 1
    accelergy_set(tmp_path, "interpolat: {}\n")
    with pytest.raises(EstimationError, match=r"some.table.yaml:5: .* \(did you mean 'interpolate'\?\)"):
        asked(tmp_path, "go")


def test_the_roots_of_an_accelergy_configuration(tmp_path):
    accelergy_set(tmp_path / "tables" / "deep", memory="action,energy,area\ngo,1,1\n")
    configuration = tmp_path / "accelergy_config.yaml"
    configuration.write_text("version: 0.4\ntable_plug_ins:\n  roots:\n  - tables\n")
    assert asked(configuration, "go").value == 1
    configuration.write_text("version: 0.4\ntable_plug_ins:\n  roots:\n  - tables\n  - gone\n")
    with pytest.raises(EstimationError, match=r"accelergy_config.yaml:5: there is no folder '.*gone'"):
        asked(configuration, "go")
    configuration.write_text("version: 0.4\n")
    with pytest.raises(EstimationError, match="the file has no 'table_plug_ins"):
        asked(configuration, "go")


def test_the_published_defects(tmp_path):
    """A row that lacks a field is refused when its class is asked, and only then; a row without a clock
    answers at any."""
    shifted = (
        "technology,cellwidth,action,power(W),energy,area,comment\nfree,read,0,0,0,\nfree,write,0,0,0,\n"
    )
    clockless = "technology,width,action,energy,area,comment\n45nm,256,read,58.1,83000,energy in pJ\n"
    clockless += "45nm,256,idle,0,83000,\n"
    accelergy_set(tmp_path, memory=clockless, free_storage=shifted)
    assert asked(tmp_path, "read", {"global_cycle_seconds": 1e-9}, width=256).value == 58.1
    assert asked(tmp_path, "leak", width=256).value == 0
    with pytest.raises(EstimationError, match=r"free_storage.csv:2: the row has 6 fields, the header 7"):
        asked(tmp_path, "read", class_name="free_storage")
    accelergy_set(tmp_path, free_storage=shifted.replace("0,0,0,\n", "0,0,0,,\n"))
    with pytest.raises(EstimationError, match=r"free_storage.csv:2: the action is '0', a number"):
        asked(tmp_path, "read", class_name="free_storage")


@pytest.mark.skipif(not (SHARED / "facts" / "tables.yaml").is_file(), reason="no shared facts")
def test_the_tables_of_the_earlier_experiments_as_they_were(tmp_path):
    """Every row answers, at a clock and a latency of which it knows nothing; the shifted table does not."""
    facts = yaml.safe_load((SHARED / "facts" / "tables.yaml").read_text())
    arguments = {"global_cycle_seconds": 3e-9, "action_latency_cycles": 2}
    answered = 0
    for name, told in facts["families"].items():
        manifest = yaml.safe_dump(told["manifest"])
        texts = {table: _as_csv(rows, table == "free_storage") for table, rows in told["tables"].items()}
        folder = family(tmp_path / name, manifest, f"{name}.table.yaml", **texts)
        for table, rows in told["tables"].items():
            if table == "free_storage":
                with pytest.raises(EstimationError, match=r"free_storage.csv:2: the row has 9 fields"):
                    asked(folder, "read", arguments, class_name=table)
                continue
            areas = {}
            for row in rows:
                keys = {k: v for k, v in row.items() if k not in NO_KEYS}
                found = asked(folder, row["action"], arguments, class_name=table, **keys)
                expected = row["energy"] * (1e-9 / 1.2e-9 if row["action"] == "idle" else 1)
                assert found.value == pytest.approx(expected, rel=1e-12), (table, row)
                area = areas.setdefault(tuple(keys.values()), row["area"])
                assert asked(folder, class_name=table, **keys).value == area
                answered += 1
    assert answered == 45


def _as_csv(rows, shifted):
    """With the header of the original: its last column is a comment, which only the first row has."""
    columns = [column for column in rows[0] if column != "comment"]
    text = ",".join([*columns, "comment"]) + "\n"
    for row in rows:
        cells = [f'"{row[c]}"' if isinstance(row[c], str) else str(row[c]) for c in columns if c in row]
        cells += [] if shifted else [row.get("comment", "").replace(",", ";")]
        text += ",".join(cells) + "\n"
    return text


# --- registering -----------------------------------------------------------------------------------


def listing(project, text):
    (project / "estimation_tables").mkdir(parents=True, exist_ok=True)
    (project / "estimation_tables" / "tables.yaml").write_text(text)


def test_a_project_lists_its_folders(tmp_path):
    project = tmp_path / "project"
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
    assert registered_folders(project) == ()
    listing(project, f"tables: [../../mine, {tmp_path / 'theirs'}, ../../mine, .]\n")
    found = registered_folders(project)
    assert found == (tmp_path / "mine", tmp_path / "theirs", project / "estimation_tables")
    assert registered_folders(tmp_path) == (), "a listing holds for its project alone"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tables:\n- ../gone\n", "tables.yaml:2: there is no folder '{project}/gone'"),
        ("tables: mine\n", "tables.yaml:1: 'tables' must be a list of folders"),
        ("\ntable: []\n", "tables.yaml:2: unknown key 'table' of the listing (did you mean 'tables'?)"),
        ("tables: [{}]\n", "tables.yaml:1: {} is not the name of a folder"),
        ("tables: [~nobody_of_that_name/x]\n", "names a home that does not exist"),
        ("- mine\n", "the listing of table folders must be a mapping"),
        ("tables: [}", "tables.yaml:1: the listing of table folders is no valid YAML"),
    ],
)
def test_listings_that_are_refused(text, reason, tmp_path):
    listing(tmp_path, text)
    with pytest.raises(EstimationError) as caught:
        registered_folders(tmp_path)
    assert reason.replace("{project}", str(tmp_path)) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_digest_covers_data_that_lie_elsewhere(tmp_path):
    manifest = MANIFEST + "path_to_data_dir: ../../elsewhere\n"
    family(tmp_path / "a" / "mine", manifest, data="../../elsewhere", memory=GRID)
    before = digest_of_tables(tmp_path / "a")
    assert before == digest_of_tables(tmp_path / "a" / "mine")
    (tmp_path / "elsewhere" / "memory.csv").write_text(GRID.replace(",8,", ",9,"))
    assert digest_of_tables(tmp_path / "a") != before


def test_tables_of_the_users_own_are_asked_before_the_shipped_ones(tmp_path):
    text = "technology,width,depth,action,global_cycle_seconds,energy,area\n"
    rows = "".join(f"32nm,32,{d},{a},1e-9,{d},1\n" for d in (32, 128) for a in ("read", "write", "idle"))
    family(tmp_path, MANIFEST + "interpolate: {SRAM: {depth: linear}}\n", SRAM=text + rows)
    options = EstimationOptions(use_hwcomponents=False, table_folders=(tmp_path,))
    found = estimate(architecture_of(MEMORY, UNIT), component_classes("two_adders"), options)
    answers = {a.action: a for a in found.answers if a.class_name == "SRAM"}
    assert answers["read"].value == 64
    assert answers["read"].estimator == "mine"
    assert answers["read"].parts[0].finding.fit == "interpolated"


# --- tables and manifests that are refused ---------------------------------------------------------

REFUSED_MANIFESTS = {
    "interpolate: {memory: {depth: cubic}}": "unknown interpolation 'cubic' of column 'depth' (valid names:",
    "interpolate: {memory: {dept: linear}}": "column 'dept' is missing from the table (did you mean 'depth'",
    "interpolate: {memory: [depth]}": "'interpolate' of 'memory' must map columns to their law",
    "interpolate: {memry: {depth: linear}}": "declared for 'memry', but there is no such table (did you mean",
    "interpolate: {memory: {action: linear}}": "action is 'read', not a number: in it rows are",
    "scale: {memory: {width: linaer}}": "unknown scaling 'linaer' of column 'width' (did you mean 'linear'?)",
    "scale: {memory: {width: 99}}": "unknown scaling '99' of column 'width' (give an exponent)",
    "scale: {memory: {width: cmos}}": "column 'width' cannot be scaled by 'cmos'",
    "scale: {memory: {width: {enrgy: 1}}}": "unknown figure 'enrgy' to scale (did you mean 'energy'?)",
    "scale: {memory: {width: 1}}\ninterpolate: {memory: {width: linear}}": "declare one of the two",
    "keys: {memory: width}": "the keys of 'memory' must be a list of columns",
    "keys: [width]": "'keys' of the manifest must be a mapping",
    "uncertainty: 15": "uncertainty is 15 (write 15% for per cent)",
    "uncertainty: -0.1": "uncertainty is -0.1, not a share such as 15% or 0.15",
    "uncertainty: {memory: much}": "uncertainty is 'much', not a share",
    "uncertainty: {memmory: 5%}": "an uncertainty is declared for 'memmory', but there is no such table",
    "units: {energy: pj}": "unknown energy unit 'pj' (did you mean 'pJ'?)",
    "units: {area: um2}": "unknown area unit 'um2' (did you mean 'um^2'?)",
    "units: {area: [1]}": "unknown area unit '[1]'",
    "units: {enrgy: fJ}": "unknown unit of 'enrgy' (did you mean 'energy'?)",
    "source: [a]": "'source' of the manifest must be a text",
    "path_to_data_dir: [a]": "path_to_data_dir is ['a'], not a folder",
    "accuracy: 5": "duplicate key 'accuracy'",
    "x: &a [1, 2]\ny: *b": "unknown alias '*b'",
    "x: !!python/object:os.system 1": "is not allowed",
}


@pytest.mark.parametrize("text", list(REFUSED_MANIFESTS))
def test_manifests_that_are_refused(text, tmp_path):
    family(tmp_path, MANIFEST + text + "\n", memory=GRID)
    with pytest.raises(EstimationError) as caught:
        asked(tmp_path, "read", width=16, depth=64)
    message = str(caught.value)
    assert REFUSED_MANIFESTS[text] in message
    assert message.startswith(str(tmp_path))
    assert "\n" not in message
    assert caught.value.location.line is not None


def test_a_manifest_that_grows_without_end(tmp_path):
    bomb = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    family(tmp_path, MANIFEST + "a0: &a0 [x]\n" + bomb, memory=GRID)
    with pytest.raises(EstimationError, match="more than 1000000 entries"):
        asked(tmp_path, "read")
    family(tmp_path, MANIFEST + "#" * 1_000_000)
    with pytest.raises(EstimationError, match="the manifest is larger than 1 MB"):
        asked(tmp_path, "read")


def test_files_that_are_no_text(tmp_path):
    family(tmp_path, memory=GRID)
    (tmp_path / "data" / "memory.csv").write_bytes(GRID.encode() + b"45nm,\xff\n")
    with pytest.raises(EstimationError, match=r"memory.csv:14: .*not UTF-8 \(save it as UTF-8\)"):
        asked(tmp_path, "read")
    (tmp_path / "manifest.yaml").write_bytes(MANIFEST.encode() + b"\xff")
    with pytest.raises(EstimationError, match=r"manifest.yaml:3: .*not UTF-8"):
        asked(tmp_path, "read")


def test_a_table_is_bounded_and_a_file(tmp_path, monkeypatch):
    family(tmp_path, memory=GRID)
    monkeypatch.setattr("harness.estimation.table_file.MAX_ROWS", 12)
    assert asked(tmp_path, "read", width=16, depth=64).value == 1
    monkeypatch.setattr("harness.estimation.table_file.MAX_ROWS", 11)
    family(tmp_path, memory=GRID + "\n")
    with pytest.raises(EstimationError, match=r"memory.csv:13: the table has more than 11 rows"):
        asked(tmp_path, "read", width=16, depth=64)
    monkeypatch.setattr("harness.estimation.table_file.MAX_BYTES", 100)
    family(tmp_path, memory=GRID + "\n\n")
    with pytest.raises(EstimationError, match=r"memory.csv: the table is larger than"):
        asked(tmp_path, "read", width=16, depth=64)
    os.mkfifo(tmp_path / "data" / "pipe.csv")
    with pytest.raises(EstimationError, match=r"pipe.csv: .*this is no file"):
        asked(tmp_path, "read", class_name="pipe")


def test_a_folder_that_is_too_large_to_be_one_of_tables(tmp_path, monkeypatch):
    accelergy_set(tmp_path, memory=GRID)
    monkeypatch.setattr("harness.estimation.tables.places.MAX_ENTRIES", 2)
    with pytest.raises(EstimationError, match="more than 2 files lie below the table folder"):
        asked(tmp_path, "read")


def test_csv_files_without_a_manifest(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "SRAM.csv").write_text(GRID)
    with pytest.raises(
        EstimationError, match=r"\(data/SRAM.csv needs a manifest.yaml that says what it is\)"
    ):
        asked(tmp_path, "read")


REFUSED_ROWS = {
    "45nm,16,64,read,1e-9,nan,1": "energy is nan",
    "45nm,16,64,read,1e-9,1,-1": "area is -1, it cannot be negative",
    "45nm,16,64,read,0,1,1": "global_cycle_seconds is 0, it must be above 0",
    "45nm,16,64.0,read,1e-9,7,1": "action 'read' has other figures in line 2 for the same keys",
    "45nm,16,,read,1e-9,1,1": "depth is '', not a number: in it rows are interpolated or scaled",
    '45nm,16,"64,read,1e-9,1,1': "the row has 3 fields, the header 7 columns",
    "45nm,16,64,1e-9,1,1": "the row has 6 fields, the header 7 columns",
    "45nm,16,64,read,1e-9,1,1\0": "",
}


@pytest.mark.parametrize("row", list(REFUSED_ROWS))
def test_rows_that_are_refused(row, tmp_path):
    family(tmp_path, INTERPOLATED, memory=GRID + row + "\n")
    with pytest.raises(EstimationError) as caught:
        asked(tmp_path, "read", width=16, depth=64)
    assert REFUSED_ROWS[row] in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/data/memory.csv:14: ")


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(alphabet="45nm,read\n\"'#1.e-+\0\ufeff|:{}[]&*", max_size=60),
    manifest=st.text(alphabet="keys:interpola {}[]memory,width\n&*!#'\"\t", max_size=60),
)
def test_any_text_ends_in_a_figure_or_in_one_line(text, manifest, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    family(folder / "a", memory=GRID + text)
    family(folder / "b", MANIFEST + manifest, memory=GRID)
    for name in "ab":
        try:
            found = asked(folder / name, "read", width=16, depth=64)
        except EstimationError as error:
            assert "\n" not in str(error)
        except Declined:
            pass
        else:
            assert math.isfinite(found.value)


def test_own_tables_that_know_a_class_and_do_not_answer_are_told(tmp_path):
    folder = tmp_path / "mine"
    (folder / "data").mkdir(parents=True)
    manifest = "{name: mine, accuracy: 90, path_to_data_dir: data, keys: {SRAM: [width, depth]}}"
    (folder / "manifest.yaml").write_text(manifest)
    row = "width,depth,action,energy,area,global_cycle_seconds\n128,64,read,1,1,1e-9\n"
    (folder / "data" / "SRAM.csv").write_text(row)
    options = EstimationOptions(table_folders=(tmp_path,), use_cache=False)
    answers = estimate(architecture_of(MEMORY, UNIT), (), options).answers
    (warning,) = {w for a in answers for w in a.warnings if a.action == "read"}
    assert warning.startswith(f"SRAM: tables in {tmp_path}: mine: ")
    assert not any(w for a in answers if a.class_name != "SRAM" for w in a.warnings)


# --- what rows imply -------------------------------------------------------------------------------


IMPLIED = MANIFEST + "implied: {memory: {n_banks: 1, kind: fast}}\n"


@pytest.mark.parametrize("keys", ["", "keys: {memory: [technology, width, depth]}\n"])
def test_what_all_rows_are_for_need_not_be_stated_but_nothing_else_may(tmp_path, keys):
    family(tmp_path, IMPLIED + keys, memory=GRID)
    plain = asked(tmp_path, "read", width=16, depth=64)
    assert (plain.value, plain.accuracy, plain.warnings) == (1, 90, ())
    assert plain.note == "matched technology, width, depth"
    stated = asked(tmp_path, "read", width=16, depth=64, n_banks="1", kind="fast")
    assert (stated.value, stated.accuracy) == (1, 90)
    assert ("n_banks", "1") in stated.attributes
    assert "memory.csv:2 with n_banks 1 (asked 2)" in refusal(tmp_path, "read", width=16, depth=64, n_banks=2)
    assert "no row for" in refusal(tmp_path, width=16, depth=64, kind="slow")


def test_a_row_that_was_chosen_without_a_key_says_so(tmp_path):
    one = "".join(line + "\n" for line in GRID.splitlines()[:4])
    found = asked(family(tmp_path, MANIFEST, memory=one), "read", width=16)
    assert (found.value, found.fit) == (1, "row")
    assert found.warnings == ("memory: row of mine chosen without depth",)
    assert asked(tmp_path, "read", width=16, depth=64).warnings == ()


def test_what_is_implied_may_be_scaled(tmp_path):
    manifest = MANIFEST + "implied: {memory: {bits: 8}}\nscale: {memory: {bits: linear}}\n"
    family(tmp_path, manifest, memory=GRID)
    assert asked(tmp_path, "read", width=16, depth=64, bits=16).value == 2
    assert asked(tmp_path, "read", width=16, depth=64).warnings == ()


@pytest.mark.parametrize(
    ("implied", "message"),
    [
        ("{memory: {width: 16}}", "manifest.yaml:3: implied 'width' is a column of the table"),
        ("{memory: {action: read}}", "manifest.yaml:3: implied 'action' is a column of the table"),
        ("{memory: {n_instances: 1}}", "manifest.yaml:3: implied 'n_instances' is no attribute that decides"),
        ("{memory: {ports: [1]}}", "manifest.yaml:3: implied 'ports' is [1], not a number or a text"),
        ("{memory: {ports: true}}", "manifest.yaml:3: implied 'ports' is True, not a number or a text"),
        ("{memory: {ports: }}", "manifest.yaml:3: implied 'ports' is None, not a number or a text"),
        ("{memory: {ports: .inf}}", "manifest.yaml:3: implied 'ports' is inf, not a finite number"),
        ("{memory: 1}", "manifest.yaml:3: 'implied' of 'memory' must map columns to their value"),
        (
            "{memroy: {ports: 1}}",
            "manifest.yaml:3: something implied is declared for 'memroy', but there is no such table",
        ),
    ],
)
def test_implied_values_that_make_no_sense(tmp_path, implied, message):
    family(tmp_path, MANIFEST + f"implied: {implied}\n", memory=GRID)
    with pytest.raises(EstimationError) as caught:
        asked(tmp_path, "read", width=16, depth=64)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "rows", "reason"),
    [
        ("[width]", "8,read,1,5\n8,write,1,6\n", "x.csv:3: the area is another in line 2 for the same keys"),
        ("[width, energy]", "8,read,1,5\n", "'energy' is no key, it does not say what a row is about"),
        ("[action]", "8,read,1,5\n", "'action' is no key"),
    ],
)
def test_areas_that_contradict_and_keys_that_are_none_are_refused(tmp_path, keys, rows, reason):
    folder = tmp_path / "mine"
    (folder / "data").mkdir(parents=True)
    manifest = f"{{name: mine, accuracy: 90, path_to_data_dir: data, keys: {{x: {keys}}}}}"
    (folder / "manifest.yaml").write_text(manifest)
    (folder / "data" / "x.csv").write_text(f"width,action,energy,area\n{rows}")
    with pytest.raises(EstimationError) as caught:
        TableSource(tmp_path).estimate(Query("X", "x", {"width": 8}, "read"))
    assert reason in str(caught.value)
