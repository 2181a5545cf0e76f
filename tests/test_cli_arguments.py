"""The command line: what it accepts, what old flags mean, and how it refuses."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from harness.cli import estimation_arguments
from harness.cli.arguments import Arguments, parse_arguments
from harness.cli.estimation_arguments import EstimationArguments
from harness.cli.output_folder import output_folder
from harness.estimation import EstimationOptions
from harness.estimation.answers import ESTIMATORS

ROOT = Path(__file__).resolve().parents[1]


def test_defaults() -> None:
    given = parse_arguments(["KQV"])
    assert given == Arguments(layer="KQV", command="run.py KQV")
    assert (given.architecture, given.model, given.profile) == ("gemmini", "bert-large", None)


def test_old_flags_keep_their_meaning() -> None:
    given = parse_arguments(["KTQ", "-l", "Accumulator", "-nef", "-lf", "-pwim", "-c", "-vc", "160", "-if"])
    assert (given.layer, given.fusion_level) == ("KTQ", "Accumulator")
    assert given.live and given.no_e_fusion and given.l_fusion and given.pay_writeback_in_matmul
    assert given.convolutions and given.imperfect_factors
    assert given.victory_condition == 160


def test_long_forms() -> None:
    line = (
        "softmax DRAM --arch eyeriss --arch-param a=1 --arch-param b=x=y --model gpt2-xl --seq 512 --live "
        "--no_e_fusion --l_fusion --pay_wb_in_mm --convs --vict_cond 7 --imperfect_fact --mapper long "
        "--threads 2 --seed 3 --metric delay,energy --out o --json --sweeps 3 --compat none --debug"
    )
    given = parse_arguments(line.split())
    assert given.parameters == {"a": "1", "b": "x=y"}
    assert given.metrics == ("delay", "energy")
    assert (given.architecture, given.model, given.sequence, given.profile) == (
        "eyeriss", "gpt2-xl", 512, "long",
    )  # fmt: skip
    assert (given.threads, given.seed, given.out, given.sweeps, given.compat) == (2, 3, "o", 3, None)
    assert given.json and given.debug


def test_objectives_with_caps_and_proofs() -> None:
    line = "KQV --objective delay,energy --max-cycles 5e7 --max-energy 60mJ --certify --pareto"
    given = parse_arguments(line.split())
    assert (given.metrics, given.max_cycles, given.max_energy_pj) == (("delay", "energy"), 50_000_000, 6e10)
    assert given.certify and given.pareto


def test_spec_takes_several_files() -> None:
    given = parse_arguments(["--spec", "a.yaml", "b.yaml", "--mapping", "m.yaml"])
    assert given.spec == ("a.yaml", "b.yaml")
    assert given.mapping == "m.yaml"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "error: say what to map, for example: run.py KQV"),
        ("-a eyeriss", "error: say what to map: a layer, --gemm D,E,L or --spec FILE..."),
        ("KQV --gemm 1,2,3", "error: give only one of: a layer, --gemm, --spec"),
        ("KQV --frobnicate", "error: unknown option '--frobnicate'"),
        ("KQV -out there", "error: unknown option '-out', did you mean '--out'?"),
        ("KQV -seed 5", "error: unknown option '-seed', did you mean '--seed'?"),
        ("KQV --threds 5", "error: unknown option '--threds', did you mean '--threads'?"),
        ("KQV DRAM extra", "error: unrecognized arguments: extra"),
        ("KQV --seq 0", "error: argument --seq: '0' is not a whole number above zero"),
        ("KQV --seq many", "error: argument --seq: 'many' is not a whole number"),
        ("KQV -vc -1", "error: argument -vc/--vict_cond: '-1' is negative"),
        ("KQV --arch-param rows", "error: argument --arch-param: 'rows' is not NAME=VALUE"),
        ("KQV --arch-param =3", "error: argument --arch-param: '=3' is not NAME=VALUE"),
        ("KQV --metric watts", "error: argument --objective/--metric: unknown objective 'watts' (valid"),
        ("KQV --objective delya", "error: argument --objective/--metric: unknown objective 'delya' (did"),
        ("KQV --objective edp,edp", "error: argument --objective/--metric: the objective 'edp,edp' names"),
        ("KQV --max-cycles 0.5", "error: argument --max-cycles: '0.5' is not a whole number of cycles above"),
        ("KQV --max-energy 3kg", "error: argument --max-energy: 'kg' is not a unit of energy, use pJ"),
        ("KQV --mapping m.yaml --certify", "error: --certify does not go with --mapping, nothing"),
        ("KQV --sweeps 4", "error: argument --sweeps: invalid choice: 4 (choose from 2, 3)"),
        ("KQV --mod bert-base", "error: unknown option '--mod', did you mean '--model'?"),
        ("KQV --seq 1_000", "error: argument --seq: '1_000' is not a whole number"),
        ("KQV --seq ４", "error: argument --seq: '４' is not a whole number"),
        ("KQV --seq 99999999999999999999", "error: argument --seq: '99999999999999999999' is more than"),
        ("KQV --threads 2147483648", "error: argument --threads: '2147483648' is more than 2147483647"),
        ("KQV --seq " + "9" * 5000, "error: argument --seq: '9999"),
        ("KQV -nef", "error: -nef needs a fusion level"),
        ("KQV --jinja x=1", "error: --jinja sets variables of --spec files"),
        ("--gemm 1,2,3 -m gpt2", "error: -m does not go with --gemm"),
        ("--gemm 1,2,3 --seq 5", "error: --seq does not go with --gemm"),
        ("--gemm 1,2,3 -lf", "error: -lf does not go with --gemm"),
        ("--spec a.yaml -a gemmini", "error: -a does not go with --spec, the files say"),
        ("--spec a.yaml --arch-param x=1", "error: --arch-param does not go with --spec"),
        ("--spec a.yaml --sweeps 2", "error: --sweeps does not go with --spec"),
        ("--spec a.yaml -c", "error: -c does not go with --spec"),
        ("--list a b", "error: --list takes the name of one architecture"),
        ("--list --json", "error: --list prints tables, it has no JSON form"),
    ],
)
def test_refusals(line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(line.split())
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith(f"run.py: {message}")
    assert captured.err.endswith(" (all options: -h)\n")


@pytest.mark.parametrize("option", ["-a", "-m", "--mapper", "--mapping", "-o", "--spec"])
@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_name_is_refused(option: str, empty: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments([*(["KQV"] if option != "--spec" else []), option, empty])
    assert "an empty text is no name" in capsys.readouterr().err


def test_spec_may_be_repeated() -> None:
    assert parse_arguments(["--spec", "a.yaml", "--spec", "b.yaml", "c.yaml"]).spec == (
        "a.yaml", "b.yaml", "c.yaml",
    )  # fmt: skip


def test_the_last_of_repeated_options_counts() -> None:
    given = parse_arguments(
        [
            "KQV",
            "--seq",
            "1",
            "--seq",
            "2",
            *("--arch-param", "a=1", "--arch-param", "a=2"),
            "-a",
            "x",
            "-a",
            "y",
        ]
    )
    assert (given.sequence, given.parameters, given.architecture) == (2, {"a": "2"}, "y")


def test_control_characters_in_an_error_are_shown_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["KQV", "--seq", "\x1b[31m\n9"])
    assert capsys.readouterr().err.startswith(r"run.py: error: argument --seq: '\x1b[31m\n9' is not a whole")


def test_help_lists_every_option_and_exits_zero() -> None:
    command = [sys.executable, "run.py", "-h"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    words = done.stdout.replace(",", " ").split()
    for option in (
        "-a", "--arch", "--arch-param", "-m", "--model", "--seq", "--gemm", "-l", "--live", "-nef",
        "--no_e_fusion", "-lf", "--l_fusion", "-pwim", "--pay_wb_in_mm", "-c", "--convs", "-vc",
        "--vict_cond", "-if", "--imperfect_fact", "--mapper", "--threads", "--seed", "--metric",
        "--objective", "--max-cycles", "--max-energy", "--certify", "--pareto",
        "--mapping", "--spec", "-o", "--out", "--json", "--list", "--sweeps", "--compat", "--jinja",
    ):  # fmt: skip
        assert option in words, option
    assert done.stderr == ""


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from harness.cli.run import main; main(['-h'])\n"
        "heavy = {'numpy', 'yaml', 'jinja2', 'rich', 'pandas', 'hwcomponents', 'joblib'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("KQV", "outputs_gemmini_KQV"),
        ("KQV DRAM", "outputs_gemmini_KQV_DRAM"),
        ("KQV -m gpt2-xl --seq 512", "outputs_gemmini_KQV_gpt2-xl_seq512"),
        ("KQV --arch-param pe_rows=32 --arch-param a=1", "outputs_gemmini_KQV_a=1_pe_rows=32"),
        ("KQV L -nef -lf -pwim -if", "outputs_gemmini_KQV_L_nef_lf_pwim_if"),
        ("KQV --mapper long -vc 5 --seed 1 --threads 2", "outputs_gemmini_KQV_long_vc5_threads2_seed1"),
        ("KQV --metric delay,energy --compat none", "outputs_gemmini_KQV_corrected_delay-energy"),
        ("KQV --mapping ../x/best.map.yaml --seed 1", "outputs_gemmini_KQV_mapping-best.map"),
        ("KQV --sweeps 3 --json -l", "outputs_gemmini_KQV_sweeps3"),
        ("KQV --density Weights=0.2", "outputs_gemmini_KQV_Weights=0.2"),
        (
            "KQV --density Weights=hypergeometric:0.2 --density Inputs=0.5",
            "outputs_gemmini_KQV_Inputs=0.5_Weights=hypergeometric-0.2",
        ),
    ],
)
def test_folder_names(line: str, name: str) -> None:
    assert str(output_folder(parse_arguments(line.split()), "gemmini", "KQV")) == name


def test_whatever_changes_the_result_changes_the_name_of_the_folder() -> None:
    changed: dict[str, Any] = {
        "fusion_level": "DRAM", "parameters": {"pe_rows": 8}, "model": "gpt2-xl", "sequence": 7,
        "densities": ("Weights=0.5",), "sweeps": 2, "no_e_fusion": True, "l_fusion": True,
        "pay_writeback_in_matmul": True, "victory_condition": 3, "imperfect_factors": True, "profile": "long",
        "threads": 3, "seed": 3, "metrics": ("delay",), "max_cycles": 3, "max_energy_pj": 3.0,
        "engine": "timeloop", "time_limit": 3.0, "mapping": "m.yaml", "compat": None,
        "estimation": EstimationArguments(estimator="placeholder"),
    }  # fmt: skip
    told_otherwise = {"layer", "architecture", "gemm", "convolutions", "spec", "jinja", "out"}
    without_effect = {"live", "certify", "pareto", "export_timeloop", "json", "list", "debug", "command"}
    names = {field.name for field in fields(Arguments)}
    assert changed.keys() | told_otherwise | without_effect == names
    plain = Arguments(layer="KQV")
    folders = [output_folder(replace(plain, **{name: value}), "A", "KQV") for name, value in changed.items()]
    assert len({*folders, output_folder(plain, "A", "KQV")}) == len(changed) + 1


def test_folder_name_is_one_plain_component_whatever_is_given() -> None:
    given = parse_arguments(["KQV", "--arch-param", "x=../../etc/passwd", "--mapper", "../m.yaml"])
    name = str(output_folder(given, "../a/b", "legacy/vggL3+"))
    assert "/" not in name and not name.startswith(".")
    given = parse_arguments(["KQV", *(f"--arch-param=parameter_{i}={i}" for i in range(50))])
    other = parse_arguments(["KQV", *(f"--arch-param=parameter_{i}={i + (i == 49)}" for i in range(50))])
    names = {str(output_folder(a, "gemmini", "KQV")) for a in (given, other)}
    assert len(names) == 2
    assert all(len(name) < 220 for name in names)


def test_out_is_taken_as_given() -> None:
    assert output_folder(parse_arguments(["KQV", "-o", "some/where"]), "g", "KQV") == Path("some/where")


def test_the_choices_of_estimation_are_those_that_the_estimation_knows() -> None:
    assert estimation_arguments.ESTIMATORS == ESTIMATORS
    assert EstimationArguments().options() == EstimationOptions()
    ignoring = EstimationArguments(action_share="ignored").options()
    assert ignoring == EstimationOptions(legacy_action_share=True)
    assert EstimationArguments(estimator="hwcomponents").options().estimator == "hwcomponents"


def test_options_of_estimation_are_in_the_name_of_the_folder(tmp_path: Path) -> None:
    given = parse_arguments(
        ["KQV", "--estimator", "hwcomponents", "--action-share", "ignored", "--tables", str(tmp_path / "my")]
    )
    folder = str(output_folder(given, "gemmini", "KQV"))
    assert folder.endswith("_tables-my_hwcomponents_action-share-ignored")


@pytest.mark.parametrize("word", ["", " "])
def test_an_empty_folder_of_tables_is_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["KQV", "--tables", word])
    assert "an empty text is no folder" in capsys.readouterr().err
