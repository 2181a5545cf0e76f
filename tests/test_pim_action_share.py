"""``action_share`` in the analog chain, from a specification that spells it so: as meant, and ignored."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from arches_cases import BERT_LARGE
from pim_cases import areas, energies

from harness.estimation import Estimate, EstimationOptions, estimate
from harness.spec.flattened.problem import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.templates import load_architecture_template

CLASSES = Path(__file__).parent / "specs" / "action_share.yaml"
PUBLISHED = {
    "mac.compute": (0.23424, 0.01464, 16),
    "D2A_NoC.transfer_Inputs": (6.7584, 0.0264, 256),
    "A2D_NoC.transfer_Outputs": (223.207, 2.08587, 107),
}
"""pJ as meant, pJ with the shares ignored, and about how many times as much."""


def _estimate(legacy: bool) -> Estimate:
    """The crossbar with the component classes of the file in place of the shipped ones."""
    tree = load_architecture_template("pim_analog").render({}, BERT_LARGE["KQV"], "matmul")
    own = yaml.safe_load(CLASSES.read_text())["components"]["classes"]
    names = {c["name"] for c in own}
    classes = tree["components"]["classes"]
    classes[:] = [c for c in classes if c["name"] not in names and "memcell" in c["name"]] + own
    for node in tree["architecture"]["nodes"]:
        if node.get("name") == "shared_glb":
            node["class"] = "smartbuffer"
    tree["problem"] = write_problem(BERT_LARGE["KQV"])
    spec = specification_from_v4_tree(tree)
    options = EstimationOptions(use_hwcomponents=False, legacy_action_share=legacy)
    return estimate(spec.architecture, spec.compound_components, options)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_both_readings_of_the_share(name: str) -> None:
    meant, ignored, times = PUBLISHED[name]
    now, legacy = (energies(_estimate(reading))[name] for reading in (False, True))
    assert float(f"{now:.6g}") == meant
    assert float(f"{legacy:.6g}") == ignored
    assert round(now / legacy) == times


def test_the_share_reaches_no_area() -> None:
    assert areas(_estimate(False)) == areas(_estimate(True))


def test_energy_scale_counts_in_either_reading() -> None:
    """The smart buffer halves its reads by energy_scale and its writes by action_share."""
    now, legacy = (energies(_estimate(reading)) for reading in (False, True))
    assert now["shared_glb.read"] == legacy["shared_glb.read"]
    address = 0.21 * 0.834224 * 14 / 32
    """One addition of the 14 bits that address 16384 rows, at 32 nm."""
    whole = legacy["shared_glb.write"] - address
    assert now["shared_glb.write"] - address == pytest.approx(whole / 2, rel=1e-4)
    assert now["shared_glb.update"] == pytest.approx(whole, rel=1e-4)


def test_the_reading_is_the_only_difference() -> None:
    now, legacy = (energies(_estimate(reading)) for reading in (False, True))
    changed = {name for name in now if now[name] != legacy[name]}
    assert changed == {*PUBLISHED, "shared_glb.write"}
