"""Programs of packages: found without an import, made once where they do not start, nothing written there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from program_cases import GREETING, SOURCE, files_below, needs_compiler, package

from harness.estimation.programs import NONE, Program, RunFailed, Unavailable, listen, scratch_folder
from harness.estimation.programs.building import find_compiler


@pytest.fixture
def notices():
    heard: list[str] = []
    former = listen(heard.append)
    yield heard
    listen(former)


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.delenv("CXX", raising=False)


def test_a_program_that_starts_is_taken_as_it_is(tmp_path, monkeypatch, notices, no_compiler):
    recipe = package(tmp_path, monkeypatch, f"print({GREETING!r})", starts=True)
    program = Program(recipe, None)
    assert program.executable() == tmp_path / "packages" / recipe.package / "sources" / "program"
    assert program.identity() not in (NONE, "")
    assert recipe.package not in sys.modules
    assert notices == []


@needs_compiler
def test_one_that_does_not_start_is_made_once(tmp_path, monkeypatch, notices):
    recipe = package(tmp_path, monkeypatch)
    before = files_below(tmp_path / "packages")
    first = Program(recipe, tmp_path / "cache")
    identity = first.identity()
    assert notices == [], "an identity makes nothing"
    made = first.executable()
    assert made.is_relative_to(tmp_path / "cache")
    assert subprocess.run([made, "x"], capture_output=True, check=True).stdout == b"made\n"
    assert (made.parent / "figures" / "node.dat").is_file()
    (notice,) = notices
    assert notice.startswith("CACTI is being compiled once, some 1 s")
    assert Program(recipe, tmp_path / "cache").executable() == made
    assert len(notices) == 1
    assert first.identity() == identity
    assert files_below(tmp_path / "packages") == before
    assert [p.name for p in (tmp_path / "cache" / "programs").glob(".new*")] == []


@needs_compiler
def test_a_damaged_program_is_made_again(tmp_path, monkeypatch, notices):
    recipe = package(tmp_path, monkeypatch)
    made = Program(recipe, tmp_path / "cache").executable()
    made.write_bytes(b"")
    assert Program(recipe, tmp_path / "cache").executable() == made
    assert recipe.starts(made)
    assert len(notices) == 2


@needs_compiler
def test_other_sources_make_another_program(tmp_path, monkeypatch):
    one = Program(package(tmp_path, monkeypatch), tmp_path / "cache")
    other = Program(package(tmp_path, monkeypatch, source=f"// changed\n{SOURCE}"), tmp_path / "cache")
    assert one.identity() != other.identity()
    assert one.executable() != other.executable()


@needs_compiler
def test_processes_at_the_same_time_make_it_once(tmp_path, monkeypatch):
    recipe = package(tmp_path, monkeypatch)
    code = (
        "import sys; from pathlib import Path; from harness.estimation.programs import *\n"
        f"sys.path.insert(0, {str(tmp_path / 'packages')!r})\n"
        f"print(Program({recipe!r}, Path({str(tmp_path / 'cache')!r})).executable())\n"
    )

    def run(_):
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
        )

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(run, range(4)))
    assert len({d.stdout for d in done}) == 1
    assert sum(d.stderr.count("is being compiled once") for d in done) == 1


def test_without_a_compiler_the_reason_is_one_line(tmp_path, monkeypatch, no_compiler):
    recipe = package(tmp_path, monkeypatch)
    program = Program(recipe, tmp_path / "cache")
    assert program.identity() == NONE
    with pytest.raises(Unavailable) as caught:
        program.executable()
    said = str(caught.value)
    assert said.startswith("the CACTI that made-up-package-") and said.endswith("to make it")
    assert "no C++ compiler" in said and "\n" not in said
    assert not (tmp_path / "cache").exists()


@needs_compiler
def test_a_program_made_earlier_needs_no_compiler(tmp_path, monkeypatch):
    recipe = package(tmp_path, monkeypatch)
    made = Program(recipe, tmp_path / "cache").executable()
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.delenv("CXX", raising=False)
    later = Program(recipe, tmp_path / "cache")
    assert later.identity() != NONE
    assert later.executable() == made


@needs_compiler
def test_sources_that_do_not_compile_are_tried_once_a_day(tmp_path, monkeypatch, notices):
    recipe = package(tmp_path, monkeypatch, source="int main( {\n")
    program = Program(recipe, tmp_path / "cache")
    assert program.identity() != NONE, "before anybody tried"
    assert program.settled_identity() == NONE
    with pytest.raises(Unavailable, match=r"CACTI could not be compiled: main\.cc:1:") as caught:
        program.executable()
    assert "\n" not in str(caught.value)
    assert program.identity() == NONE
    later = Program(recipe, tmp_path / "cache")
    assert later.identity() == NONE
    with pytest.raises(Unavailable, match="could not be compiled"):
        later.executable()
    assert len(notices) == 1
    (failure,) = (tmp_path / "cache" / "programs").glob(".*.failed")
    long_ago = time.time() - 25 * 3600
    os.utime(failure, (long_ago, long_ago))
    with pytest.raises(Unavailable):
        Program(recipe, tmp_path / "cache").executable()
    assert len(notices) == 2


@needs_compiler
def test_a_compiled_program_that_does_not_start_is_refused(tmp_path, monkeypatch):
    recipe = package(tmp_path, monkeypatch, source="int main() { return 3; }\n")
    with pytest.raises(Unavailable, match="was compiled, but does not start"):
        Program(recipe, tmp_path / "cache").executable()


@needs_compiler
def test_without_a_folder_nothing_is_made(tmp_path, monkeypatch):
    recipe = package(tmp_path, monkeypatch)
    with pytest.raises(Unavailable, match="no cache folder"):
        Program(recipe, None).executable()
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(Unavailable, match=r"CACTI cannot be made in .*file"):
        Program(recipe, blocked).executable()


def test_a_package_that_is_not_installed(tmp_path, monkeypatch):
    recipe = package(tmp_path, monkeypatch)
    missing = Program(type(recipe)(**{**vars(recipe), "package": "no_such_package_anywhere"}), tmp_path)
    assert missing.identity() == NONE
    with pytest.raises(Unavailable, match="the package no-such-package-anywhere is not installed"):
        missing.executable()
    bare = Program(type(recipe)(**{**vars(recipe), "folders": ("nowhere",)}), tmp_path)
    with pytest.raises(Unavailable, match="brings no sources of CACTI"):
        bare.executable()


def test_an_identity_for_keys_is_settled_by_making_it(tmp_path, monkeypatch, notices):
    recipe = package(tmp_path, monkeypatch)
    (tmp_path / "bin").mkdir()
    broken = tmp_path / "bin" / "g++"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    program = Program(recipe, tmp_path / "cache")
    assert program.settled_identity() == NONE == program.identity()
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert Program(recipe, blocked).settled_identity() == NONE


@needs_compiler
def test_a_settled_identity_is_that_of_the_sources(tmp_path, monkeypatch, notices):
    program = Program(package(tmp_path, monkeypatch), tmp_path / "cache")
    before = program.identity()
    assert program.settled_identity() == before != NONE
    assert len(notices) == 1
    assert program.executable().is_file()


def test_the_keys_of_sweeps_settle_both_programs(monkeypatch):
    from harness.engines import version  # noqa: PLC0415

    settled = []
    monkeypatch.setattr(Program, "settled_identity", lambda self: settled.append(self.recipe.name) or "one")
    versions = version.estimator_versions.__wrapped__()
    assert settled == ["CACTI", "NeuroSim"]
    assert "CACTI one; NeuroSim one" in versions


@pytest.mark.parametrize(
    "script",
    [
        "echo 'cc1plus: error: No space left on device' >&2; exit 1",
        "kill -9 $$",
        "echo 'out of memory' >&2; exit 1",
    ],
)
def test_a_compiler_without_room_is_no_reason_to_give_up_for_a_day(tmp_path, monkeypatch, notices, script):
    recipe = package(tmp_path, monkeypatch)
    compiler = tmp_path / "compiler"
    compiler.write_text(f"#!/bin/sh\n{script}\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    program = Program(recipe, tmp_path / "cache")
    for _ in range(2):
        with pytest.raises(RunFailed, match="the compiler compiler was stopped, or had no room"):
            program.executable()
    assert len(notices) == 2, "it is tried again"
    assert not list((tmp_path / "cache" / "programs").glob(".*.failed"))


@pytest.mark.parametrize("kind", ["ended", "killed"])
def test_temporary_folders_of_processes_that_are_gone_go_at_the_next_use(tmp_path, monkeypatch, kind):
    code = (
        "import os, sys, tempfile\nfrom harness.estimation.programs.scratch import make_scratch_folder\n"
        "tempfile.tempdir = sys.argv[1]\nprint(make_scratch_folder('cacti'), flush=True)\n"
        "os.kill(os.getpid(), 9) if sys.argv[2] == 'killed' else None\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), kind]
    left = Path(subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip())
    assert left.is_dir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    elsewhere = left.with_name(left.name.replace(left.name.split("-")[2], "0" * 8))
    elsewhere.mkdir()
    with scratch_folder("hwcomponents") as first, scratch_folder("cacti") as second:
        assert not left.exists()
        assert first.is_dir() and second.is_dir() and elsewhere.is_dir(), "those of others stay"
    assert list(tmp_path.iterdir()) == [elsewhere]


def test_the_compiler_of_the_environment_comes_first(tmp_path, monkeypatch):
    mine = tmp_path / "my-compiler"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("CXX", f"{mine} -O2")
    found = find_compiler()
    assert found is not None and found.command == (str(mine),)
    monkeypatch.setenv("CXX", f"{mine} c++ -ffast-math -O3")
    assert find_compiler().command == (str(mine), "c++"), "options might change figures"
    monkeypatch.setenv("CXX", "'unbalanced")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_compiler() is None


def test_a_notice_goes_to_stderr_unless_somebody_listens(capsys):
    from harness.estimation.programs import announce  # noqa: PLC0415

    announce("it takes a while")
    assert capsys.readouterr().err == "it takes a while\n"
    heard: list[str] = []
    former = listen(heard.append)
    try:
        announce("again")
    finally:
        listen(former)
    assert (heard, capsys.readouterr().err) == (["again"], "")


def test_the_shipped_packages_are_found_without_an_import():
    code = (
        "import sys\nfrom harness.estimation.cacti import cacti_identity\nfrom pathlib import Path\n"
        "cacti_identity(Path('/nonexistent'))\n"
        "assert not [m for m in sys.modules if m.startswith('hwcomponents')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=Path.cwd())
