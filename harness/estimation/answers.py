"""What is asked of an estimation as a whole, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.spec.energy import AreaReferenceTable, EnergyReferenceTable


@dataclass(frozen=True)
class EstimationOptions:
    """How to estimate. The defaults give the tables that Accelergy 0.4 gives, where it is right.

    ``significant_digits``: rounding of the final values, as Accelergy's; None keeps all digits.
    ``legacy_action_share``: True ignores ``action_share`` in component classes, as Accelergy does since
    April 2024. ``dummy_energy_pj`` and ``dummy_area_um2``: what the levels cost that stand for spatial
    fan-out only; the reference's tables carry 1 and 1 where a component class of the same name shadows
    them. ``use_hwcomponents``: False leaves everything outside the tables unanswered.
    ``table_folders``: further folders of table families, asked before the shipped ones.
    ``use_cache`` and ``cache_folder``: the disk cache of slow answers (None: the user's cache folder).
    """

    significant_digits: int | None = 6
    legacy_action_share: bool = False
    dummy_energy_pj: float = 0.0
    dummy_area_um2: float = 0.0
    use_hwcomponents: bool = True
    table_folders: tuple[Path, ...] = ()
    use_cache: bool = True
    cache_folder: Path | None = None


@dataclass(frozen=True)
class Answer:
    """Who answered one line of a table and how well it fitted.

    ``action`` None is the area. ``value`` is unrounded: pJ per action, pJ per cycle for ``leak``, um^2.
    ``estimator`` lists all sources of a sum; ``accuracy`` is the lowest of theirs in percent.
    """

    component: str
    class_name: str
    action: str | None
    arguments: tuple[tuple[str, float | int | str], ...]
    value: float
    estimator: str
    accuracy: float
    note: str = ""

    @property
    def energy_pj(self) -> float | None:
        return None if self.action is None else self.value

    @property
    def area_um2(self) -> float | None:
        return self.value if self.action is None else None


@dataclass(frozen=True)
class Estimate:
    """The tables of an architecture and, line by line, where they come from."""

    ert: EnergyReferenceTable
    art: AreaReferenceTable
    answers: tuple[Answer, ...]

    def ert_file(self) -> dict[str, object]:
        """The content of an ``ERT.yaml`` in Accelergy's form."""
        from harness.spec.flattened.energy_tables import write_ert  # noqa: PLC0415

        return {"ERT": write_ert(self.ert)}

    def art_file(self) -> dict[str, object]:
        """The content of an ``ART.yaml`` in Accelergy's form."""
        from harness.spec.flattened.energy_tables import write_art  # noqa: PLC0415

        return {"ART": write_art(self.art)}
