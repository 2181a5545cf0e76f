"""The real Accelergy as a source, by a double of it: nothing that happens there ends or soils a run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from estimation_cases import MEMORY, UNIT, architecture_of, ask, component_classes

from harness.engines.version import estimator_versions
from harness.errors import EstimationError
from harness.estimation import EstimationOptions, estimate
from harness.estimation.accelergy import AccelergySource, accelergy_identity, child, require_accelergy, source
from harness.estimation.accelergy.child import Child
from harness.estimation.accelergy.installation import INTERPRETER, find_installation
from harness.estimation.cache import AnswerCache
from harness.estimation.query import Declined

WIDGET_ACTIONS = ("read", "write", "update", "leak", "area")
TRANSCRIPT = {
    "SRAM.read": {"value": 0.350301e-12, "name": "CactiSRAM", "accuracy": 80},
    "SRAM.area": {"value": 1.0e-9, "name": "CactiSRAM", "accuracy": 80},
    "SRAM.leak": {"value": 4.5e-16, "name": "CactiSRAM", "accuracy": 80},
    "DRAM.read": {"value": 512e-12, "name": "CactiDRAM", "accuracy": 80},
    "aladdin_adder.add": {
        "value": 0.043796779142396665e-12,
        "name": "Library",
        "accuracy": 90,
        "messages": [
            "Scaled aladdin_adder.technology from 40.0 to 32.0: 0.8342243646170794x energy",
            "Scaled aladdin_adder.global_cycle_seconds from 1e-09 to 1e-09: 1x energy",
            "Scaled aladdin_adder.width from 32.0 to 8.0: 0.25x energy",
            "aladdin_adder energy has been scaled 0.2x",
        ],
    },
    "cell.read": {"value": 1e-12, "name": "DEPRECATED table-based-plug-ins. Use", "accuracy": 100},
    **{f"widget.{a}": {"value": 1e-12, "name": "Theirs", "accuracy": 9} for a in WIDGET_ACTIONS},
    "stand_in.read": {"value": 1e-12, "name": "dummy", "accuracy": 100},
    "broken.read": {"value": -1e-12, "name": "Broken", "accuracy": 50},
}
"""What the plug-ins answer to class.action, in joules and square metres (the first five as the true ones)."""

DOUBLE = {
    "version.py": "__version__ = '0.4'",
    "raw_inputs_2_dicts.py": """
import json, os
class RawInputs2Dicts:
    def __init__(self, info):
        with open(os.path.expanduser("~/.config/accelergy/accelergy_config.yaml")) as file:
            self.config = json.load(file)
    def get_estimation_plug_in_paths(self): return self.config["estimator_plug_ins"]
    def get_python_plug_in_paths(self): return self.config["python_plug_ins"]
""",
    "system_state.py": """
class SystemState:
    def add_plug_ins(self, plug_ins): self.plug_ins = plug_ins
""",
    "parsing_utils.py": """
def propagate_required_keys(have, into, where, action_keys=False):
    into.setdefault("global_cycle_seconds", have["global_cycle_seconds"])
""",
    "plug_in_path_to_obj.py": """
import json, os
print("a plug-in may print what it likes")
def note(plug_in, what, query):
    with open(os.path.join(plug_in.path, "used.txt"), "a") as file:
        instances = str(query.class_attrs["n_instances"])
        file.write(" ".join([what, query.class_name, query.action_name, instances]) + os.linesep)
class PlugIn:
    def __init__(self, path, name, answers):
        self.path, self.name, self.answers = path, name, answers
    def get_class_names(self): return [key.split(".")[0] for key in self.answers]
    def get_initialized_subclass(self, query):
        note(self, "made", query)
        return []
def plug_in_path_to_obj(paths, python_paths):
    if not paths:
        raise FileNotFoundError("no plug-ins")
    found = []
    for path in paths:
        with open(os.path.join(path, "transcript.json")) as file:
            answers = json.load(file)
        for name in dict.fromkeys(a["name"] for a in answers.values()):
            found.append(PlugIn(path, name, {k: a for k, a in answers.items() if a["name"] == name}))
    return found
""",
    "plug_in_interface/__init__.py": "",
    "plug_in_interface/interface.py": """
class AccelergyQuery:
    def __init__(self, asked):
        self.class_name, self.class_attrs = asked["class_name"], asked["attributes"]
        self.action_name = asked.get("action_name", "area")
    @staticmethod
    def from_interface_dict(asked): return AccelergyQuery(asked)
""",
    "plug_in_interface/query_plug_ins.py": """
import os
class Said:
    def __init__(self, value, name, messages=(), success=True):
        self.value, self.estimator_name, self.messages, self.success = value, name, list(messages), success
    def lastmessage(self): return self.messages[-1] if self.messages else "nothing"
    def get_value(self): return self.value
def plugin2name(plug_in): return plug_in.name
def ask(plug_in, query, accuracy):
    print("noise")
    key = query.class_name + "." + query.action_name
    if query.class_name == "crash": os._exit(3)
    answer = plug_in.answers.get(key)
    if answer is None:
        return Said(0, plug_in.name, ["Argument for it is missing: depth. Arguments provided: width"], False)
    if accuracy:
        return Said(answer["accuracy"], plug_in.name)
    said = plug_in.get_initialized_subclass(query)
    said.append(key)
    messages = answer.get("messages", ["Interpolating size"] if len(said) == 1 else [])
    return Said(answer["value"], plug_in.name, messages)
def primitive_energy_supported(plug_in, query): return ask(plug_in, query, True)
primitive_area_supported = primitive_energy_supported
def get_energy_estimation(plug_in, query): return ask(plug_in, query, False)
get_area_estimation = get_energy_estimation
""",
    "__init__.py": "",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's home whose list of plug-ins names the folder of a transcript."""
    folder = tmp_path / "home"
    plug_in = folder / "plug_in"
    plug_in.mkdir(parents=True)
    transcript = {**TRANSCRIPT, "crash.read": {"value": 0, "name": "Crash", "accuracy": 1}}
    (plug_in / "transcript.json").write_text(json.dumps(transcript))
    config = folder / ".config" / "accelergy"
    config.mkdir(parents=True)
    text = f"version: '0.4'\nestimator_plug_ins: [{plug_in}, /nowhere]\npython_plug_ins: []\n"
    (config / "accelergy_config.yaml").write_text(text)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.delenv(INTERPRETER, raising=False)
    yield folder
    end_all(monkeypatch)


@pytest.fixture(autouse=True)
def fresh_children(monkeypatch):
    """No child, digest or probe of another test."""
    monkeypatch.setattr(source, "child_of", child.lru_cache(maxsize=4)(started))
    source._content.cache_clear()
    yield
    end_all(monkeypatch)


CHILDREN: list[Child] = []


def started(installation):
    CHILDREN.append(Child(installation, seconds=30))
    return CHILDREN[-1]


def end_all(_):
    while CHILDREN:
        CHILDREN.pop().end()


@pytest.fixture
def installed(home, tmp_path, monkeypatch):
    """A double of the package, as installed for this interpreter."""
    packages = tmp_path / "packages"
    for name, text in DOUBLE.items():
        file = packages / "accelergy" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(str(packages))
    return home


def interpreter(monkeypatch, tmp_path, *answers):
    """An interpreter of that name which says it has Accelergy, and for the rest runs these shell lines."""
    found = json.dumps(
        {"package": str(tmp_path / "accelergy" / "__init__.py"), "prefix": "/", "version": "9"}
    )
    script = tmp_path / f"python{len(list(tmp_path.iterdir()))}"
    lines = ["#!/bin/sh", f"[ \"$1\" = -c ] && {{ echo '{found}'; exit; }}", *answers]
    script.write_text("\n".join(lines) + "\n")
    script.chmod(0o755)
    monkeypatch.setenv(INTERPRETER, str(script))


READY = """echo '{"ready": "9", "classes": ["sram"]}'; read question"""


def test_answers_of_plug_ins_come_with_their_names_and_claims(installed):
    asked = AccelergySource(AnswerCache(None))
    memory = ask(asked, "SRAM", "read", width=32, depth=64)
    assert memory.value == pytest.approx(0.350301)
    assert (memory.estimator, memory.accuracy, memory.fit) == ("accelergy: CactiSRAM", 80, "model")
    assert memory.citation.startswith("Accelergy 0.4 (https://github.com/")
    assert memory.citation.endswith("plug-in CactiSRAM")
    assert ("depth", "64") in memory.attributes
    adder = ask(asked, "aladdin_adder", "add", width=8)
    assert adder.fit == "scaled"
    assert adder.scaling == "technology 40 -> 32 x0.834; width 32 -> 8 x0.25"
    assert ask(asked, "DRAM", "read", width=64).fit == "constant"
    assert ask(asked, "cell", "read").fit == "row"
    assert ask(asked, "cell", "read").estimator == "accelergy: table-based-plug-ins"
    assert "sram" in asked.classes()


def test_leakage_and_area_are_counted_once_per_instance(installed):
    asked = AccelergySource(AnswerCache(None))
    assert ask(asked, "SRAM", "leak", n_instances=4).value == pytest.approx(4 * 4.5e-4)
    assert ask(asked, "SRAM", None, n_instances=3).value == pytest.approx(3000)


def test_one_estimator_is_made_for_all_actions_of_a_component(installed, tmp_path):
    asked = AccelergySource(AnswerCache(None))
    answers = [ask(asked, "SRAM", action, width=32, depth=64) for action in ("read", "leak", None)]
    ask(asked, "SRAM", "read", width=32, depth=128)
    (used,) = tmp_path.glob("harness-accelergy-*/plug_ins/0/used.txt")
    assert used.read_text().splitlines() == ["made SRAM read 1", "made SRAM read 1"]
    # What it says once, when it is made, holds for all.
    assert [found.scaling for found in answers] == ["Interpolating size"] * 3


def test_nothing_is_written_where_the_user_keeps_anything(installed, tmp_path):
    before = {str(p): p.stat().st_mtime_ns for p in installed.rglob("*")}
    asked = AccelergySource(AnswerCache(None))
    ask(asked, "SRAM", "read")
    # The double writes beside its plug-in, as the CACTI plug-in does: that is in a folder of the child's.
    homes = list(tmp_path.glob("harness-accelergy-*"))
    assert len(homes) == 1
    assert (homes[0] / "plug_ins" / "0" / "used.txt").read_text() == "made SRAM read 1\n"
    assert {str(p): p.stat().st_mtime_ns for p in installed.rglob("*")} == before
    end_all(None)
    assert list(tmp_path.glob("harness-accelergy-*")) == []


def test_it_is_never_imported_here(installed):
    ask(AccelergySource(AnswerCache(None)), "SRAM", "read")
    assert "accelergy" not in sys.modules


def test_unknown_classes_and_placeholders_are_declined_as_such(installed):
    asked = AccelergySource(AnswerCache(None))
    for class_name in ("flux_capacitor", "stand_in", "dummy_storage"):
        with pytest.raises(Declined) as caught:
            ask(asked, class_name, "read")
        assert not caught.value.knows_class, class_name


def test_a_known_class_that_is_not_answered_has_the_reason_in_one_line(installed):
    for asked in (AccelergySource(AnswerCache(None)), AccelergySource(AnswerCache(None), required=True)):
        with pytest.raises(
            (Declined, EstimationError), match=r"CactiSRAM: Argument for it is missing: depth$"
        ):
            ask(asked, "SRAM", "write")
    with pytest.raises(Declined, match="negative energy of action 'read'"):
        ask(AccelergySource(AnswerCache(None)), "broken", "read")


def test_who_chose_accelergy_gets_no_other_answer_for_a_class_it_knows(installed):
    asked = AccelergySource(AnswerCache(None), required=True)
    message = "^component: Accelergy does not give the energy of action 'write' of class 'SRAM': CactiSRAM: "
    with pytest.raises(EstimationError, match=message):
        ask(asked, "SRAM", "write")
    with pytest.raises(Declined):
        ask(asked, "flux_capacitor", "read")


def test_a_crash_is_declined_and_the_next_question_answered(installed):
    asked = AccelergySource(AnswerCache(None))
    with pytest.raises(Declined, match=r"^Accelergy's process ended with exit code 3$"):
        ask(asked, "crash", "read")
    assert ask(asked, "SRAM", "read").value > 0


def test_after_three_crashes_it_is_given_up(installed):
    asked = AccelergySource(AnswerCache(None))
    for _ in range(child.MOST_STARTS):
        with pytest.raises(Declined, match=r"exit code 3$"):
            ask(asked, "crash", "read")
    with pytest.raises(Declined, match=r"exit code 3 \(given up after 3 times\)"):
        ask(asked, "SRAM", "read")


def test_plug_ins_that_do_not_load(installed):
    (installed / ".config" / "accelergy" / "accelergy_config.yaml").write_text("version: '0.4'\n")
    with pytest.raises(Declined, match="Accelergy does not start: FileNotFoundError: no plug-ins"):
        ask(AccelergySource(AnswerCache(None)), "SRAM", "read")


@pytest.mark.parametrize("text", ["a: [", "[1, 2]", ""])
def test_a_list_of_plug_ins_that_cannot_be_read(installed, text):
    file = installed / ".config" / "accelergy" / "accelergy_config.yaml"
    file.write_text(text)
    with pytest.raises(Declined, match=r"list of plug-ins cannot be read: .*accelergy_config.yaml"):
        ask(AccelergySource(AnswerCache(None)), "SRAM", "read")


def test_answers_are_kept_until_a_plug_in_changes(installed, tmp_path):
    cache = AnswerCache(tmp_path / "cache")
    first = ask(AccelergySource(cache), "aladdin_adder", "add", width=8)
    end_all(None)
    source.child_of.cache_clear()
    assert ask(AccelergySource(cache), "aladdin_adder", "add", width=8) == first
    assert CHILDREN[-1]._running is None if CHILDREN else True
    transcript = json.loads((installed / "plug_in" / "transcript.json").read_text())
    transcript["aladdin_adder.add"]["value"] = 2e-12
    (installed / "plug_in" / "transcript.json").write_text(json.dumps(transcript))
    source._content.cache_clear()
    assert ask(AccelergySource(cache), "aladdin_adder", "add", width=8).value == 2


def test_the_keys_of_kept_results_know_which_accelergy_may_answer(installed):
    known = [versions()]
    transcript = installed / "plug_in" / "transcript.json"
    transcript.write_text(transcript.read_text() + " ")
    known.append(versions())
    shutil.rmtree(installed / "plug_in")
    known.append(versions())
    assert len(set(known)) == 3
    assert not any(text.endswith("Accelergy none") for text in known)


def test_the_keys_of_kept_results_say_where_there_is_none(home):
    assert versions().endswith("; Accelergy none")


def versions():
    """As a new process would find them."""
    accelergy_identity.cache_clear()
    estimator_versions.cache_clear()
    try:
        return estimator_versions()
    finally:
        accelergy_identity.cache_clear()
        estimator_versions.cache_clear()


def test_a_kept_answer_that_is_none_is_asked_again(installed, tmp_path):
    cache = AnswerCache(tmp_path / "cache")
    ask(AccelergySource(cache), "SRAM", "read")
    for file in (tmp_path / "cache").rglob("*.json"):
        kept = json.loads(file.read_text())
        kept["answer"] = {"value": "much"}
        file.write_text(json.dumps(kept))
    assert ask(AccelergySource(cache), "SRAM", "read").value == pytest.approx(0.350301)


@pytest.mark.parametrize("said", ["nonsense", "[1]", "{}", '{"value": "x", "accuracy": 1}', '{"value": NaN}'])
def test_garbage_is_declined(home, tmp_path, monkeypatch, said):
    interpreter(monkeypatch, tmp_path, READY, f"echo '{said}'; sleep 60")
    with pytest.raises(Declined, match=r"^Accelergy's process answers garbage$"):
        ask(AccelergySource(AnswerCache(None)), "SRAM", "read")


def test_no_answer_in_time_is_declined_and_the_process_ended(home, tmp_path, monkeypatch):
    interpreter(monkeypatch, tmp_path, f"echo $$ > {tmp_path}/pid", READY, "sleep 600")
    slow = Child(find_installation(), seconds=1)
    with pytest.raises(Declined, match="gave no answer within 1 s"):
        slow.ask({"class": "SRAM"})
    process = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_process_that_is_killed_is_told(home, tmp_path, monkeypatch):
    interpreter(monkeypatch, tmp_path, READY, "kill -SEGV $$")
    with pytest.raises(Declined, match="was ended by SIGSEGV"):
        ask(AccelergySource(AnswerCache(None)), "SRAM", "read")


@pytest.mark.parametrize(
    ("named", "reason"),
    [("/nowhere/python", "does not start: No such file"), ("/bin/true", "is no Python interpreter")],
)
def test_an_interpreter_that_is_none(home, monkeypatch, named, reason):
    monkeypatch.setenv(INTERPRETER, named)
    with pytest.raises(Declined, match=f"{INTERPRETER} names {named}, which {reason}"):
        ask(AccelergySource(AnswerCache(None)), "SRAM", "read")
    with pytest.raises(EstimationError, match="the estimator 'accelergy' cannot be used: "):
        require_accelergy()


@pytest.mark.skipif(find_installation() is not None, reason="Accelergy is installed here")
def test_where_it_is_not_installed(home):
    with pytest.raises(Declined) as caught:
        ask(AccelergySource(AnswerCache(None)), "SRAM", "read")
    assert not caught.value.knows_class
    with pytest.raises(EstimationError) as error:
        AccelergySource(AnswerCache(None), required=True)
    message = str(error.value)
    assert message.startswith("the estimator 'accelergy' needs Accelergy, which is not installed for ")
    assert "github.com/Accelergy-Project/accelergy" in message
    assert INTERPRETER in message
    assert "\n" not in message


@pytest.mark.skipif(find_installation() is not None, reason="Accelergy is installed here")
def test_the_command_says_what_to_install(home, tmp_path):
    root = Path(__file__).resolve().parents[1]
    command = [sys.executable, str(root / "run.py"), "--gemm", "16,16,16", "--estimator", "accelergy"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "the estimator 'accelergy' needs Accelergy, which is not installed for" in done.stderr
    assert "Traceback" not in done.stderr


def test_in_the_chain_it_comes_last_or_first(installed):
    memory = {"name": "Main", "class": "DRAM", "attributes": {"type": "LPDDR4", "width": 64, "datawidth": 8}}
    own = {"name": "Own", "class": "SRAM", "attributes": {"subclass": "widget", **MEMORY["attributes"]}}
    classes = component_classes("two_adders")
    options = EstimationOptions(use_cache=False, use_hwcomponents=False)
    answers = estimate(architecture_of(memory, own, UNIT), classes, options).answers
    assert {a.estimator for a in answers if a.component == "System.Own"} == {"accelergy: Theirs"}
    assert {a.estimator for a in answers if a.component == "System.Main"} == {"dram"}
    chosen = replace(options, estimator="accelergy")
    with pytest.raises(EstimationError, match=r"Main: Accelergy does not give .* 'write' of class 'DRAM'"):
        estimate(architecture_of(memory, MEMORY, UNIT), classes, chosen)


def test_the_process_ends_with_ours_however_that_ends(installed, tmp_path):
    code = (
        "import os, sys; sys.path[:0] = ['tests', sys.argv[1]]\n"
        "from estimation_cases import ask\n"
        "from harness.estimation.accelergy import AccelergySource\n"
        "from harness.estimation.cache import AnswerCache\n"
        "ask(AccelergySource(AnswerCache(None)), 'SRAM', 'read')\n"
        "from harness.estimation.accelergy.source import child_of, find_installation\n"
        "print(child_of(find_installation())._running._process.pid, flush=True)\n"
        "os._exit(0) if sys.argv[2] == 'at once' else None\n"
    )
    root = Path(__file__).resolve().parents[1]
    for how in ("in order", "at once"):
        command = [sys.executable, "-c", code, str(tmp_path / "packages"), how]
        done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
        assert gone(int(done.stdout))
        assert wait_until(lambda: not list(tmp_path.glob("harness-accelergy-*")))


def gone(process):
    def looks_gone():
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{process}/stat")
        return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"

    return wait_until(looks_gone)


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
