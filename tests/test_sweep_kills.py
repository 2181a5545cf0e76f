"""Sweeps that are killed, interrupted, or run out of disk: nothing is lost, doubled or half written.

Real processes of the real command, on a model of three tiny products.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from math import prod
from pathlib import Path
from typing import Any

import pytest
from sweep_tasks import HANG_GUARD_SECONDS

from harness.engines.result import Result
from harness.sweep.record import read_record
from harness.sweep.store.connection import FILE_NAME

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="process groups and /proc as Linux has them")

ROOT = Path(__file__).resolve().parents[1]
MODEL = "layers: {A: {D: 16, E: 32, L: 8, repeat: 5}, B: {D: 8, E: 16, L: 16}, Twin: {D: 16, E: 32, L: 8}}"
FEW = {
    "pe_rows": [4, 8],
    "pe_cols": [4, 8],
    "scratchpad_size": [131072, 65536, 262144, 32],  # the last one cannot hold A
}
MANY = {**FEW, "pe_rows": [4, 8, 16], "pe_cols": [4, 8, 16], "accumulator_size": [65536, 32768, 16384]}
COMMAND = [
    sys.executable, str(ROOT / "hwdse_run.py"), "all", "-m", "tiny.yaml", "-c", "c.json", "-j", "2",
    "--mapper", "quick", "-vc", "10", "--threads", "1", "-o", "out",
]  # fmt: skip


type Configurations = dict[str, list[int]]


class Sweep:
    """One process of the command and its workers, in a process group of their own."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        configurations: Configurations = FEW,
        most_bytes: int | None = None,
    ) -> None:
        """``folder`` gets the model, the configurations and ``out``; no file may exceed ``most_bytes``."""
        (folder / "tiny.yaml").write_text(MODEL)
        (folder / "c.json").write_text(json.dumps(configurations))
        self.store = folder / "out" / FILE_NAME
        self.errors = folder / "stderr"

        with open(self.errors, "wb") as errors:  # noqa: PTH123
            self.process = subprocess.Popen(
                [*COMMAND, *options],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        if most_bytes is not None:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    def __enter__(self) -> Sweep:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def group(self) -> list[int]:
        """The processes that live."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                after_name = (place / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(after_name[2]) == self.process.pid and after_name[0] not in "ZX":
                found.append(int(place.name))
        return found

    def signal(self, number: int) -> None:
        if self.group():
            os.killpg(self.process.pid, number)

    def kill(self, only_parent: bool = False) -> None:
        """And waits until nothing of it is left."""
        if only_parent:
            self.process.kill()
        else:
            self.signal(signal.SIGKILL)
        self.process.wait(HANG_GUARD_SECONDS)
        self.wait_until_gone()

    def wait_until_gone(self) -> None:
        deadline = time.monotonic() + HANG_GUARD_SECONDS
        while self.group():
            assert time.monotonic() < deadline, "workers outlive their parent"
            time.sleep(0.01)

    def wait_for(self, reached: Callable[[], bool]) -> None:
        """Until that or the end of the sweep."""
        deadline = time.monotonic() + HANG_GUARD_SECONDS
        while self.process.poll() is None and not reached():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def wait_for_results(self, count: int) -> None:
        """Until so many are committed."""
        self.wait_for(lambda: len(committed(self.store)) >= count)

    def said(self) -> list[str]:
        """The lines of stderr, but those that tell twice a minute how far it is."""
        return [line for line in self.errors.read_text().splitlines() if not line.startswith("points ")]

    def end(self) -> tuple[int, list[str]]:
        """Exit code and what was said."""
        code = self.process.wait(4 * HANG_GUARD_SECONDS)
        return code, self.said()


def rows(store: Path, query: str) -> list[tuple[Any, ...]]:
    """Through a connection of its own, as any program has it; none where there is no table yet."""
    if not store.is_file():
        return []
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=HANG_GUARD_SECONDS)) as reading:
        try:
            return reading.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            assert "no such table" in str(error) or "unable to open" in str(error)
            return []


def committed(store: Path) -> dict[str, tuple[Any, ...]]:
    """The rows of the results by key; their numbers tell whether they were written again."""
    return {str(row[1]): row for row in rows(store, "SELECT * FROM result")}


def committed_points(store: Path) -> set[tuple[Any, ...]]:
    query = (
        "SELECT idx, status, given, energy_pj, cycles, edp, seconds FROM point WHERE status <> 'incomplete'"
    )
    return set(rows(store, query))


def without_times(value: Any) -> Any:
    """JSON's values without what differs between two runs."""
    if isinstance(value, dict):
        own = {key: entry for key, entry in value.items() if key not in ("seconds", "created", "command")}
        return {key: without_times(entry) for key, entry in own.items()}
    return [without_times(entry) for entry in value] if isinstance(value, list) else value


def content_of_store(store: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything but numbers of rows and times, in an order of its own."""
    assert rows(store, "PRAGMA integrity_check") == [("ok",)]
    with closing(sqlite3.connect(store)) as reading:
        names = [name for (name,) in reading.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert {"point", "layer", "result", "result_detail", "level", "dataspace"} <= set(names)
        tables: dict[str, list[tuple[Any, ...]]] = {}
        for name in sorted(set(names) - {"run"}):
            cursor = reading.execute(f"SELECT * FROM {name}")
            columns = [column for column, *_ in cursor.description]
            keys = dict(reading.execute("SELECT number, result_key FROM result"))
            made = []
            for row in cursor:
                entry = dict(zip(columns, row, strict=True))
                if "result" in entry:
                    entry["result"] = keys[entry["result"]]  # else a row of a result that is not there
                for column in ("number", "run", "seconds", "search_seconds", "job_seconds"):
                    entry.pop(column, None)
                for column in ("search", "provenance"):
                    if column in entry:
                        entry[column] = json.dumps(without_times(json.loads(entry[column])))
                made.append(tuple(entry.values()))
            tables[name] = sorted(made, key=repr)
    return tables


def content_of_files(folder: Path) -> dict[str, object]:
    """Every file beside the store by its path; the store's own and the lock are left out."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if not path.is_file() or name in (FILE_NAME, ".sweep.lock"):
            continue
        if path.suffix == ".json":
            found[name] = without_times(json.loads(path.read_text()))
        else:
            found[name] = path.read_bytes()
        if path.name == "result.json":
            Result.from_json(path.read_text())
        elif path.name == "hw_config.json":
            read_record(path)
    return found


def left_alone(folder: Path, configurations: Configurations) -> Path:
    """The output folder of a sweep that nothing happened to."""
    assert Sweep(folder, configurations=configurations).end() == (0, [])
    out = folder / "out"
    points = prod(map(len, configurations.values()))
    assert len(committed_points(out / FILE_NAME)) == points < len(committed(out / FILE_NAME))
    assert len(list(out.glob("*/hw_config.json"))) == points
    return out


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return left_alone(tmp_path_factory.mktemp("few"), FEW)


@pytest.fixture(scope="module")
def undisturbed_many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return left_alone(tmp_path_factory.mktemp("many"), MANY)


def assert_same(out: Path, undisturbed: Path, keep: str) -> None:
    found, expected = content_of_store(out / FILE_NAME), content_of_store(undisturbed / FILE_NAME)
    if keep == "none":
        for tables in (found, expected):
            tables["point"] = [row[:-1] for row in tables["point"]]  # whether it has files
    assert found == expected
    files = content_of_files(out)
    assert files == (content_of_files(undisturbed) if keep == "all" else {})


def torture(
    folder: Path, undisturbed: Path, configurations: Configurations, *, keep: str, kills: int, seed: int
) -> None:
    """Kills the sweep ``kills`` times at moments drawn with ``seed``, and lets it end at last."""
    chance = random.Random(seed)
    store = folder / "out" / FILE_NAME
    # About two results for each point: with this step it cannot end before it has been killed so often.
    step = max(2, prod(map(len, configurations.values())) // (kills + 1))
    killed = 0
    while killed < kills:
        with Sweep(folder, "--keep", keep, configurations=configurations) as sweep:
            if chance.random() < 0.25:
                time.sleep(chance.uniform(0, 1.5))  # also while it starts, or has just begun to write
            else:
                sweep.wait_for_results(len(committed(store)) + chance.randrange(1, step))
                time.sleep(chance.uniform(0, 0.05))
            results, points = committed(store), committed_points(store)
            sweep.kill(only_parent=chance.random() < 0.3)
            assert sweep.said() == []
            assert sweep.process.returncode == -signal.SIGKILL
            killed += 1
        after = committed(store)
        assert {key: after[key] for key in results} == results
        assert committed_points(store) >= points
    results = committed(store)
    assert Sweep(folder, "--keep", keep, configurations=configurations).end() == (0, [])
    after = committed(store)
    assert {key: after[key] for key in results} == results, "what was there was not computed again"
    assert_same(folder / "out", undisturbed, keep)


@pytest.mark.parametrize(("keep", "kills"), [("all", 4), ("none", 2)])
def test_killed_at_random_nothing_is_lost_doubled_or_half_written(
    tmp_path: Path, undisturbed: Path, keep: str, kills: int
) -> None:
    torture(tmp_path, undisturbed, FEW, keep=keep, kills=kills, seed=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_killed_at_random_very_often(tmp_path: Path, undisturbed_many: Path, seed: int) -> None:
    keep = ("all", "all", "none")[seed % 3]
    torture(tmp_path, undisturbed_many, MANY, keep=keep, kills=10, seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("keep", ["all", "best"])
def test_killed_while_files_are_made_from_the_store(tmp_path: Path, undisturbed: Path, keep: str) -> None:
    """The results are all there and none is computed again; point by point its files are."""
    chance = random.Random(keep)
    out = tmp_path / "out"
    out.mkdir()
    assert Sweep(tmp_path, "--keep", "none").end() == (0, [])
    results, points = committed(out / FILE_NAME), committed_points(out / FILE_NAME)

    def written() -> int:
        return len(list(out.glob("*/outputs_*/*")))

    for _ in range(5):
        with Sweep(tmp_path, "--keep", keep) as sweep:
            enough = written() + chance.randrange(1, 30)
            sweep.wait_for(lambda enough=enough: written() >= enough)  # type: ignore[misc]
            sweep.kill()
        assert committed(out / FILE_NAME) == results
    assert Sweep(tmp_path, "--keep", keep).end() == (0, [])
    assert committed(out / FILE_NAME) == results
    assert committed_points(out / FILE_NAME) == points
    if keep == "all":
        assert_same(out, undisturbed, "all")
        return
    found, expected = content_of_files(out), content_of_files(undisturbed)
    assert [name for name, content in found.items() if content != expected.get(name)] == []
    assert {name for name in expected if name.endswith("hw_config.json")} <= set(found)
    best = {name.split("/")[0] for name in found if "/outputs_" in name}
    assert 0 < len(best) < len(points)
    assert {name for name in expected if name.split("/")[0] in best} <= set(found), "those have all files"


def test_ctrl_c_keeps_what_is_finished_and_the_next_run_goes_on(tmp_path: Path, undisturbed: Path) -> None:
    with Sweep(tmp_path) as sweep:
        sweep.wait_for_results(5)
        results = committed(sweep.store)
        sweep.signal(signal.SIGINT)  # the terminal sends it to the workers as well
        code, said = sweep.end()
        assert code == 130
        (line,) = said
        assert "stopped by Ctrl-C, kept what was finished" in line
        sweep.wait_until_gone()
    kept = committed(sweep.store)
    assert {key: kept[key] for key in results} == results
    assert len(kept) >= 5
    assert Sweep(tmp_path).end() == (0, [])
    after = committed(sweep.store)
    assert {key: after[key] for key in kept} == kept
    assert_same(tmp_path / "out", undisturbed, "all")


def test_a_full_disk_is_one_line_and_what_was_committed_stays(tmp_path: Path, undisturbed: Path) -> None:
    """A limit on the size of files stands for the disk; the first to reach it is the store."""
    with Sweep(tmp_path, most_bytes=300_000) as sweep:
        code, said = sweep.end()
    assert code == 2
    (line,) = said
    assert line.startswith("hwdse_run.py: error: cannot write 'out/sweep.sqlite': ")
    kept = committed(sweep.store)
    assert 0 < len(kept) < len(committed(undisturbed / FILE_NAME))
    assert Sweep(tmp_path).end() == (0, [])
    after = committed(sweep.store)
    assert {key: after[key] for key in kept} == kept
    assert_same(tmp_path / "out", undisturbed, "all")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Sweep]:
    """A sweep in the middle of its work, which is stopped there until the test ends."""
    with Sweep(tmp_path) as sweep:
        sweep.wait_for_results(8)
        sweep.signal(signal.SIGSTOP)
        yield sweep


def test_a_second_sweep_on_the_folder_is_refused_and_summaries_are_not(held: Sweep, tmp_path: Path) -> None:
    def run(*options: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            [*COMMAND[:2], *options], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr.splitlines()

    before = committed(held.store)
    code, said = run(*COMMAND[2:], "--fresh")
    assert code == 2
    (line,) = said
    assert line.startswith("hwdse_run.py: error: another sweep is running in 'out' ")
    assert f"(process {held.process.pid}, since " in line
    assert ": hwdse_run.py all -m tiny.yaml " in line
    assert committed(held.store) == before
    assert run("-so", "-o", "out") == (0, [])
