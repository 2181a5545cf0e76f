"""CACTI as a program beside the table: what it is asked, what is made of its answers, and when it fails."""

from __future__ import annotations

import csv
import errno
import gzip
import json
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from estimation_cases import GOLDEN, MEMORY, UNIT, architecture_of, ask, component_classes
from program_cases import answering, package, real_cacti

from harness.errors import EstimationError
from harness.estimation import EstimationOptions, estimate
from harness.estimation.cache import AnswerCache
from harness.estimation.cacti import Cacti, CactiRequest, CactiUnavailable, cacti_for, cacti_identity
from harness.estimation.cacti.output import answer_in
from harness.estimation.cacti.recipe import CACTI
from harness.estimation.hwc.source import HwcomponentsSource
from harness.estimation.programs import NONE, Program, RunFailed, located, package_folder
from harness.estimation.programs.program import shipped_starts
from harness.estimation.query import Declined, Query
from harness.estimation.sram.rules import Asked, Memory, Told, cost_of
from harness.estimation.sram.source import AccelergySramSource
from harness.estimation.sram.table import SramCost
from harness.spec.shipped import shipped_folder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TABLE = shipped_folder("estimation_tables") / "sram" / "cacti.csv.gz"
REQUEST = CactiRequest(32, 4096, 8)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def fake(tmp_path, monkeypatch, log):
    """A Cacti whose program is a script: ``fake(body)`` is what it does in place of answering."""
    kept = AnswerCache(tmp_path / "kept", "cacti")

    def make(body: str = "", cache: AnswerCache | None = kept, longest_run_s: float = 60.0) -> Cacti:
        recipe = package(tmp_path, monkeypatch, answering(log, body), starts=True)
        return Cacti(Program(recipe, None), cache or AnswerCache(None), longest_run_s)

    return make


@pytest.fixture
def no_cacti(tmp_path, monkeypatch):
    """A Cacti that neither starts nor can be made."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    return Cacti(Program(package(tmp_path, monkeypatch), tmp_path / "cache"), AnswerCache(None))


def asked_times(log):
    return log.read_text().count("start") if log.exists() else 0


# --- the driver ------------------------------------------------------------------------------------


def test_an_answer_has_the_figures_that_were_printed(fake):
    answer = fake().answer(REQUEST)
    assert (answer.read_nj, answer.write_nj, answer.leak_mw_per_bank) == (0.002, 0.001, 0.0005)
    assert (answer.area_mm2, answer.cycle_ns, answer.access_ns) == (0.03, 1.2, 1.5)


def test_an_answer_is_asked_for_once_and_kept_for_others(fake, log, tmp_path, monkeypatch):
    first = fake()
    answer = first.answer(REQUEST)
    assert first.answer(REQUEST) is answer
    assert asked_times(log) == 1
    again = Cacti(first._program, AnswerCache(tmp_path / "kept", "cacti"))
    assert again.answer(REQUEST) == answer
    assert asked_times(log) == 1
    again.answer(replace(REQUEST, ports=2))
    assert asked_times(log) == 2


@pytest.mark.parametrize(
    "damage", ["", "{", "null", '{"key": {}, "answer": {}}', "keep the key, empty the answer", "a text"]
)
def test_a_damaged_entry_counts_as_absent(fake, log, tmp_path, damage):
    first = fake()
    answer = first.answer(REQUEST)
    (entry,) = (tmp_path / "kept").rglob("*.json")
    record = json.loads(entry.read_text())
    if damage.startswith("keep"):
        damage = json.dumps({**record, "answer": {}})
    elif damage == "a text":
        damage = json.dumps({**record, "answer": {**record["answer"], "read_nj": "1"}})
    entry.write_text(damage)
    assert Cacti(first._program, AnswerCache(tmp_path / "kept", "cacti")).answer(REQUEST) == answer
    assert asked_times(log) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("print('Cache size must >=64'); sys.exit(1)", "Cache size must >=64 (exit status 1)"),
        ("sys.exit(3)", "exit status 3"),
        ("pass", "exit status 0"),
        ("import signal; os.kill(os.getpid(), 11)", "exit status -11"),
        ("open(sys.argv[2] + '.out', 'w').write('')", "it wrote no figures"),
        ("open(sys.argv[2] + '.out', 'wb').write(bytes(range(256)) * 9)", "'Tech node (nm)' is missing"),
        ("open(sys.argv[2] + '.out', 'w').write('Tech node (nm),\\n45,\\n')", "it answers for Tech node"),
        ("open(sys.argv[2] + '.out', 'w').write('Tech node (nm),\\nN/A,\\n')", "is no number"),
        ("open(sys.argv[2] + '.out', 'w').write({short!r})", "'Dynamic read energy (nJ)' is missing"),
        ("open(sys.argv[2] + '.out', 'w').write({senseless!r})", "'Area (mm2)' makes no sense"),
    ],
)
def test_a_program_that_fails_is_declined_with_the_reason(fake, body, reason):
    from program_cases import OUTPUT  # noqa: PLC0415

    short = "Tech node (nm), Capacity (bytes),\n32, 4096,\n"
    senseless = OUTPUT.format(node=32, capacity=4096).replace("0.03", "inf")
    with pytest.raises(Declined) as caught:
        fake(body.format(short=short, senseless=senseless) if "!r" in body else body).answer(REQUEST)
    said = caught.value.reason
    assert said.startswith(
        "CACTI does not answer for a ram of 4096 bytes in words of 64 bits, 1 port(s), 1 bank(s), 32 nm: "
    )
    assert reason in said and "\n" not in said
    assert not isinstance(caught.value, CactiUnavailable)


FAILURES = {
    "time": ("time.sleep(60)", r"CACTI did not answer within 0\.5 s for a ram of .*less busy"),
    "killed": ("os.kill(os.getpid(), 9)", r"could not be asked for a ram .*: it was stopped from outside"),
}


@pytest.mark.parametrize("why", FAILURES)
def test_a_failure_that_passes_is_no_refusal_and_is_not_remembered(fake, log, tmp_path, why):
    body, said = FAILURES[why]
    cacti = fake(body, longest_run_s=0.5 if why == "time" else 60.0)
    cacti.in_parallel([REQUEST])
    assert asked_times(log) == 1
    with pytest.raises(RunFailed, match=said):
        cacti.answer(REQUEST)
    assert asked_times(log) == 1, "that it failed beforehand is told once"
    with pytest.raises(RunFailed, match=said):
        cacti.answer(REQUEST)
    assert asked_times(log) == 2, "and then it is tried again"
    assert not list((tmp_path / "kept").rglob("*.json"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE, errno.ENOMEM, errno.EACCES])
@pytest.mark.parametrize("when", ["starting", "writing", "answering"])
def test_what_the_system_refuses_is_a_failure_that_passes(fake, monkeypatch, number, when):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    cacti = fake("sys.exit(0)" if when == "answering" else "")
    cacti._program.executable()
    if when == "starting":
        monkeypatch.setattr("harness.estimation.cacti.driver.subprocess.run", refuse)
    elif when == "writing":
        monkeypatch.setattr("tempfile.mkdtemp", refuse)
    else:
        monkeypatch.setattr("harness.estimation.cacti.driver._see_that_there_is_room", refuse)
    with pytest.raises(RunFailed) as caught:
        cacti.answer(REQUEST)
    said = str(caught.value)
    assert said.startswith("CACTI could not be asked for a ram of 4096 bytes")
    assert os.strerror(number) in said and "\n" not in said
    assert ("(make room in " if number == errno.ENOSPC else "(try again") in said


@pytest.mark.parametrize("estimator", ["tables", "hwcomponents"])
def test_a_failure_that_passes_is_an_error_that_names_the_memory(fake, estimator):
    """No interpolation takes the place of an answer that would have come on a quieter machine."""
    cacti = fake("time.sleep(60)", longest_run_s=0.2)
    source = AccelergySramSource(TABLE, cacti)
    if estimator == "hwcomponents":
        source = HwcomponentsSource(AnswerCache(None), cacti)
    query = Query("System.Buffer", "SRAM", {"technology": "32nm", "width": 64, "depth": 1200}, "read")
    with pytest.raises(EstimationError) as caught:
        source.estimate(query)
    said = str(caught.value)
    assert said.startswith("System.Buffer: CACTI did not answer within 0.2 s for a ram of 9600 bytes")
    assert said.endswith("or state its figures in a table of your own)")


def test_a_refusal_is_remembered_but_not_kept(fake, log, tmp_path):
    cacti = fake("sys.exit(3)")
    for _ in range(2):
        with pytest.raises(Declined):
            cacti.answer(REQUEST)
    assert asked_times(log) == 1
    assert not list((tmp_path / "kept").rglob("*.json"))


def test_a_program_runs_in_a_folder_of_its_own_that_is_gone_afterwards(fake, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    looking = (
        "assert open('figures/node.dat').read(); "
        "print(sorted(os.listdir()), os.getcwd().split('/')[-2]); sys.exit(9)"
    )
    with pytest.raises(Declined, match=r"'figures', 'left_behind.csv', 'memory.cfg'\] scratch"):
        fake(looking).answer(REQUEST)
    assert list(scratch.iterdir()) == []


def test_many_are_asked_at_the_same_time_and_each_once(fake, log, monkeypatch):
    monkeypatch.setattr("harness.estimation.cacti.driver.usable_cores", lambda: 4)
    from program_cases import ANSWERS, OUTPUT  # noqa: PLC0415

    cacti = fake("time.sleep(0.3); " + ANSWERS.format(output=OUTPUT))
    requests = [replace(REQUEST, capacity_bytes=64 * n) for n in (64, 65, 66, 67)]
    cacti.in_parallel([*requests, *requests])
    times = [line.split() for line in log.read_text().splitlines()]
    starts, ends = ([float(t) for what, t in times if what == of] for of in ("start", "end"))
    assert len(starts) == len(ends) == 4
    assert sum(start < min(ends) for start in starts) > 1, "some run at the same time"
    for request in requests:
        cacti.answer(request)
    assert asked_times(log) == 4


def test_threads_that_ask_the_same_get_the_same(fake, log):
    cacti = fake()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: cacti.answer(REQUEST), range(16)))
    assert len({id(answer) for answer in answers}) == 1
    assert asked_times(log) == 1


def test_a_forked_process_finds_the_locks_free(fake, log):
    """A thread that holds one is not in the child."""
    if not hasattr(os, "fork"):
        pytest.skip("no forks here")
    cacti = fake("time.sleep(1.5)")
    asking = threading.Thread(target=lambda: cacti.in_parallel([REQUEST]))
    asking.start()
    while not asked_times(log):
        time.sleep(0.02)
    child = os.fork()
    if child == 0:
        try:
            cacti.in_parallel([REQUEST])
        finally:
            os._exit(0)
    ended = _waited_for(child, 30)
    asking.join()
    assert ended
    assert asked_times(log) == 2


def _waited_for(child, seconds):
    for _ in range(seconds * 20):
        if os.waitpid(child, os.WNOHANG)[0] == child:
            return True
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


def test_what_cannot_be_run_is_told_from_what_is_refused(no_cacti):
    assert no_cacti.identity() == NONE
    with pytest.raises(CactiUnavailable, match=r"no C\+\+ compiler"):
        no_cacti.answer(REQUEST)
    no_cacti.in_parallel([REQUEST])


def test_one_cacti_for_the_process(tmp_path):
    assert cacti_for(tmp_path) is cacti_for(tmp_path)
    assert cacti_for(tmp_path) is not cacti_for(tmp_path, use_cache=False)


def test_the_identity_is_that_of_the_sources_and_makes_nothing(tmp_path, monkeypatch):
    here = cacti_identity(tmp_path)
    assert list(tmp_path.iterdir()) == []
    if here == NONE:
        pytest.skip("CACTI can neither be run nor made here")
    assert here == located(CACTI).digest, "whoever compiled it, and wherever"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    started = shipped_starts(CACTI, located(CACTI).shipped)
    assert cacti_identity(tmp_path / "other") == (here if started else NONE)


# --- the real one ----------------------------------------------------------------------------------


def _all_rows():
    with gzip.open(TABLE, "rt") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def _rows(count, seed):
    return random.Random(seed).sample(_all_rows(), count)


def _by_the_plug_in(cacti, row):
    """The row as Accelergy's plug-in works it out of CACTI's answers, step by step in its units."""
    node = float(row["technology_nm"])
    memory = Memory(*(int(row[name]) for name in ("width_bits", "depth", "ports", "banks")))
    seconds = float(row["cycle_s"])

    def tell(asked: Asked, of: Memory) -> Told:
        bits = asked.width * asked.depth
        answer = cacti.answer(
            CactiRequest(int(asked.node), bits // 8, asked.width // 8, asked.ports, asked.banks)
        )
        leak = answer.leak_mw_per_bank * 1e-3 * of.banks
        cost = SramCost(answer.read_nj * 1e-9, answer.write_nj * 1e-9, leak, answer.area_mm2 * 1e-6)
        return Told(cost, "model")

    cost = cost_of(memory, node, tell).cost
    return [v * 1e12 for v in (cost.read, cost.write, cost.leak * seconds, cost.area)]


def _differences(count, seed):
    cacti = real_cacti()
    names = ("read_pj", "write_pj", "leak_pj_per_cycle", "area_um2")
    return {
        (row["technology_nm"], row["width_bits"], row["depth"], name): (mine, float(row[name]))
        for row in _rows(count, seed)
        for name, mine in zip(names, _by_the_plug_in(cacti, row), strict=True)
        if mine != float(row[name])
    }


def test_the_rules_give_every_row_to_the_last_bit_from_what_cacti_printed():
    """Small memories and other nodes follow from the rows that are CACTI's own answers (six digits each)."""
    source = AccelergySramSource(TABLE)
    names = ("read_pj", "write_pj", "leak_pj_per_cycle", "area_um2")
    equal, not_in_range = 0, []
    for row in _all_rows():
        memory = Memory(*(int(row[name]) for name in ("width_bits", "depth", "ports", "banks")))
        try:
            cost = cost_of(memory, float(row["technology_nm"]), source._tell).cost
        except Declined:
            not_in_range.append((row["technology_nm"], row["depth"]))
            continue
        figures = (cost.read, cost.write, cost.leak * float(row["cycle_s"]), cost.area)
        assert [figure * 1e12 for figure in figures] == [float(row[name]) for name in names], row
        equal += 1
    assert (equal, not_in_range) == (4940, [("28", "1572864"), ("28", "1572864")])


def test_rows_of_the_table_come_out_to_the_last_bit():
    assert _differences(10, seed=3) == {}


@pytest.mark.slow
def test_very_many_rows_of_the_table_come_out_to_the_last_bit():
    assert _differences(200, seed=4) == {}


def test_small_rows_come_to_the_last_bit_from_what_was_recorded(fake):
    """As the tests above, also where CACTI cannot be run: a file that it wrote for the smallest memory."""
    written = (GOLDEN / "cacti_32nm_256_bytes.txt").read_text()
    cacti = fake(f"open(sys.argv[2] + '.out', 'w').write({written!r})")
    names = ("read_pj", "write_pj", "leak_pj_per_cycle", "area_um2")
    rows = [
        row
        for row in _all_rows()
        if row["technology_nm"] == "32" and row["ports"] == row["banks"] == "1"
        if int(row["width_bits"]) <= 32 and int(row["depth"]) <= 64
    ]
    assert len(rows) > 10
    for row in rows:
        assert _by_the_plug_in(cacti, row) == [float(row[name]) for name in names], row
    assert list(cacti._known) == [CactiRequest(32, 256, 4)]
    assert answer_in(written, CactiRequest(32, 256, 4)).access_ns > 0


def test_the_two_wrappers_set_the_same():
    """If this fails, the installed hwcomponents-cacti asks CACTI otherwise, and docs/energy.md is wrong."""
    if package_folder("hwcomponents_cacti") is None:
        pytest.skip("hwcomponents-cacti is not installed")
    ours, theirs = (_settings(replace(REQUEST, flavour=f).config()) for f in ("accelergy", "hwcomponents"))
    assert ours == theirs


def _settings(config):
    lines = [line.partition("//")[0].strip() for line in config.splitlines()]
    return sorted(" ".join(line.replace('"', "").split()) for line in lines if line.startswith("-"))


def test_a_memory_too_large_for_cacti_is_declined_at_once(fake, log):
    source = AccelergySramSource(TABLE, fake())
    with pytest.raises(Declined, match="CACTI takes memories below 2 GiB"):
        ask(source, "SRAM", "read", width=64, depth=1 << 28)
    assert asked_times(log) == 0


# --- SRAM ------------------------------------------------------------------------------------------


def test_a_row_is_believed_without_asking(fake, log):
    source = AccelergySramSource(TABLE, fake())
    found = ask(source, "SRAM", "read", width=64, depth=1024)
    assert (found.estimator, found.fit, found.accuracy) == ("accelergy_cacti_table", "row", 80)
    assert found.citation.startswith("accelergy-cacti-plug-in 291018b with CACTI 7")
    assert found.attributes == (
        *(("technology", "32nm"), ("width", "64"), ("depth", "1024")),
        *(("n_rw_ports", "1"), ("n_banks", "1")),
    )
    assert asked_times(log) == 0


@pytest.mark.parametrize(
    ("attributes", "request_"),
    [
        ({"width": 64, "depth": 1200}, CactiRequest(32, 9600, 8)),
        ({"width": 512, "depth": 1024}, CactiRequest(32, 65536, 64)),
        ({"width": 64, "depth": 1024, "n_rw_ports": 3}, CactiRequest(32, 8192, 8, 3)),
        ({"width": 64, "depth": 1024, "technology": "90nm"}, CactiRequest(90, 8192, 8)),
        ({"width": 64, "depth": 1 << 21}, CactiRequest(32, 1 << 24, 8)),
        ({"width": 60, "depth": 100, "n_banks": 3}, CactiRequest(32, 1536, 8, 1, 4)),
    ],
)
def test_cacti_is_asked_where_there_is_no_row(fake, attributes, request_):
    cacti = fake()
    source = AccelergySramSource(TABLE, cacti)
    query = Query("x", "SRAM", {"technology": "32nm", "global_cycle_seconds": 1e-9, **attributes})
    assert source.requests_of(query) == [request_]
    found = ask(source, "SRAM", **attributes)
    assert (found.estimator, found.fit, found.accuracy) == ("accelergy_cacti", "model", 80)
    assert "CACTI 7 of hwcomponents-cacti" in found.citation
    assert found.warnings == () and found.uncertainty is None
    assert list(cacti._known) == [request_]
    shares = attributes["width"] / (8 * request_.block_bytes) * attributes["depth"]
    shares /= request_.capacity_bytes / request_.block_bytes
    assert found.value == pytest.approx(0.03e6 * shares)


def test_requests_are_those_that_are_then_asked(fake, log):
    cacti = fake()
    source = AccelergySramSource(TABLE, cacti)
    queries = [
        Query("x", "SRAM", {"technology": t, "width": w, "depth": d})
        for t in ("16nm", "28nm", "32nm", "75nm", "100nm")
        for w, d in ((8, 16), (64, 1024), (48, 1000), (320, 4096))
    ]
    requests = [request for query in queries for request in source.requests_of(query)]
    assert asked_times(log) == 0
    cacti.in_parallel(requests)
    before = asked_times(log)
    assert before == len(set(requests)) == 10
    for query in queries:
        source.estimate(query)
    assert asked_times(log) == before


def test_no_requests_where_nobody_would_be_asked(fake):
    query = Query("x", "SRAM", {"technology": "32nm", "width": 64, "depth": 1200})
    assert AccelergySramSource(TABLE).requests_of(query) == []
    source = AccelergySramSource(TABLE, fake())
    assert source.requests_of(replace(query, class_name="DRAM")) == []
    for attributes in ({}, {"technology": "32nm", "width": 0, "depth": 4}, {"technology": "x"}):
        assert source.requests_of(replace(query, attributes=attributes)) == []


def test_answers_say_what_was_scaled(fake):
    source = AccelergySramSource(TABLE, fake())
    small = ask(source, "SRAM", "read", width=8, depth=20, technology="28nm")
    assert small.fit == "scaled"
    assert "width 8 of 32, depth 20 of 64: accesses x0.1917" in small.scaling
    assert "0.4 of 22 nm and 0.6 of 32 nm" in small.scaling
    between = ask(source, "SRAM", "read", width=64, depth=1024, technology="28nm")
    assert (between.fit, between.scaling) == ("interpolated", "0.4 of 22 nm and 0.6 of 32 nm")
    below = ask(source, "SRAM", "read", width=64, depth=1024, technology="16nm")
    assert below.fit == "scaled"
    assert below.scaling == "22 -> 16 nm: energy x0.8528, leakage x0.6737, area x0.7273"
    (warning,) = below.warnings
    assert "CACTI models 22 to 90 nm" in warning


def test_without_cacti_the_table_is_interpolated_and_says_so(no_cacti):
    source = AccelergySramSource(TABLE, no_cacti)
    found = ask(source, "SRAM", "read", width=64, depth=1200)
    assert found.value == ask(AccelergySramSource(TABLE), "SRAM", "read", width=64, depth=1200).value
    assert (found.estimator, found.fit, found.accuracy) == ("accelergy_cacti_table", "interpolated", 70)
    assert found.note == "interpolated between depths 1024 and 1536"
    (warning,) = found.warnings
    assert warning.startswith("SRAM figures lie between rows of a table: CACTI could not be run")
    assert found.uncertainty == 0.08
    both = ask(source, "SRAM", width=48, depth=1200)
    assert both.uncertainty == pytest.approx(0.07 + 0.06)


def test_without_cacti_what_lies_beyond_the_table_is_declined(no_cacti):
    source = AccelergySramSource(TABLE, no_cacti)
    with pytest.raises(Declined) as caught:
        ask(source, "SRAM", "read", width=512, depth=1024)
    assert caught.value.reason.startswith("the SRAM table covers widths 8 to 256 here, not 512, and")
    assert len(caught.value.reason) < 250 and "\n" not in caught.value.reason


def test_without_cacti_a_large_buffer_still_lies_towards_a_published_one(no_cacti):
    attributes = {"width": 128, "technology": "28nm", "n_banks": 4, "depth": 1048576}
    found = ask(AccelergySramSource(TABLE, no_cacti), "SRAM", "read", **attributes)
    assert found.note == "interpolated between depths 524288 and 1572864"


def test_an_architecture_with_a_memory_of_any_size():
    real_cacti()
    memory = {**MEMORY, "attributes": {"width": 512, "depth": 3000, "datawidth": 8}}
    made = estimate(architecture_of(memory, UNIT), component_classes("two_adders"), EstimationOptions())
    line = next(a for a in made.answers if a.component.startswith("System.Buffer") and a.action == "read")
    assert line.estimator == "accelergy_cacti"
    assert line.value > 0


def test_an_architecture_that_nobody_can_estimate_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    memory = {**MEMORY, "attributes": {"width": 512, "depth": 3000, "datawidth": 8}}
    options = EstimationOptions(cache_folder=tmp_path / "cache")
    if cacti_for(options.cache_folder).identity() != NONE:
        pytest.skip("the shipped CACTI starts here")
    with pytest.raises(EstimationError) as caught:
        estimate(architecture_of(memory, UNIT), component_classes("two_adders"), options)
    said = str(caught.value)
    assert "the SRAM table covers widths 8 to 256 here, not 512" in said
    assert "no C++ compiler" in said and "\n" not in said
