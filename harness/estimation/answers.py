"""What is asked of an estimation as a whole, and what comes back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.errors import Location, SpecError
from harness.estimation.query import Finding, Fit, weakest
from harness.spec.energy import AreaReferenceTable, EnergyReferenceTable

EstimatorName = Literal["tables", "hwcomponents", "accelergy", "placeholder"]
ESTIMATORS: tuple[EstimatorName, ...] = ("tables", "hwcomponents", "accelergy", "placeholder")


@dataclass(frozen=True)
class EstimationOptions:
    """How to estimate. The defaults give the tables that Accelergy 0.4 gives, where it is right.

    ``estimator``: who is believed first, see :func:`harness.estimation.chain.sources_for`; "tables"
    gives Accelergy's figures. ``significant_digits``: rounding of the final values, as Accelergy's; None
    keeps all digits.
    ``legacy_action_share``: True ignores ``action_share`` in component classes, as Accelergy does since
    April 2024. ``dummy_energy_pj`` and ``dummy_area_um2``: what the levels cost that stand for spatial
    fan-out only; the reference's tables carry 1 and 1 where a component class of the same name shadows
    them. ``use_hwcomponents``: False leaves everything outside the tables unanswered.
    ``table_folders``: further folders of table families, asked before the shipped ones.
    ``use_cache`` and ``cache_folder``: the disk cache of slow answers (None: the user's cache folder).
    """

    estimator: EstimatorName = "tables"
    significant_digits: int | None = 6
    legacy_action_share: bool = False
    dummy_energy_pj: float = 0.0
    dummy_area_um2: float = 0.0
    use_hwcomponents: bool = True
    table_folders: tuple[Path, ...] = ()
    use_cache: bool = True
    cache_folder: Path | None = None

    def check(self) -> None:
        """Raises HarnessError for tables, or an Accelergy that was chosen, that are not there."""
        for folder in self.table_folders:
            if not folder.exists():
                raise SpecError(f"--tables: there is no folder '{folder}'", Location("command line"))
        if self.estimator == "accelergy":
            from harness.estimation.accelergy import require_accelergy  # noqa: PLC0415 - it looks for one

            require_accelergy()

    def in_words(self) -> str:
        """Who is asked: "tables", or "hwcomponents, tables of mine, action_share ignored"."""
        words: list[str] = [self.estimator]
        words += [f"tables of {folder.name}" for folder in self.table_folders]
        words += ["action_share ignored"] if self.legacy_action_share else []
        return ", ".join(words)

    def words(self) -> str:
        """What is not at its default, for headings: "" or ", tables X, estimator Y"."""
        words = [f"tables {', '.join(map(str, self.table_folders))}"] if self.table_folders else []
        if self.estimator != "tables":
            words.append(f"estimator {self.estimator}")
        if self.legacy_action_share:
            words.append("action_share ignored")
        return "".join(f", {word}" for word in words)


@dataclass(frozen=True, slots=True)
class Contribution:
    """One primitive component in a sum: ``factor`` x the finding's value. ``component`` is its path.

    ``factors`` are what the factor is the product of, in words and without those that are 1.
    """

    component: str
    class_name: str
    action: str | None
    factor: float
    finding: Finding
    factors: tuple[tuple[str, float], ...] = ()

    @property
    def value(self) -> float:
        return self.factor * self.finding.value


@dataclass(frozen=True)
class Answer:
    """Who answered one line of a table and how well it fitted.

    ``action`` None is the area. ``value`` is unrounded: pJ per action, pJ per cycle for ``leak``, um^2.
    ``estimator`` lists all sources of a sum; ``accuracy`` is the lowest of theirs in percent. ``parts`` are
    what is summed: one for a primitive component, none for a placeholder.
    """

    component: str
    class_name: str
    action: str | None
    arguments: tuple[tuple[str, float | int | str], ...]
    value: float
    estimator: str
    accuracy: float
    note: str = ""
    parts: tuple[Contribution, ...] = ()

    @property
    def fit(self) -> Fit:
        """The accuracy class: the weakest among the parts that cost anything."""
        fits = [part.finding.fit for part in self.parts if part.value > 0]
        fits = fits or [part.finding.fit for part in self.parts]
        return weakest(fits)

    @property
    def uncertainty(self) -> float | None:
        """The relative +- of the sum if every part that costs anything states one, as if all erred alike."""
        total, off = 0.0, 0.0
        for part in self.parts:
            if part.value > 0 and part.finding.uncertainty is None:
                return None
            total += part.value
            off += part.value * (part.finding.uncertainty or 0.0)
        return off / total if total > 0 and math.isfinite(total) else None

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(w for part in self.parts for w in part.finding.warnings))

    @property
    def citations(self) -> tuple[str, ...]:
        found = (part.finding.citation for part in self.parts)
        return tuple(dict.fromkeys(citation for citation in found if citation))

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
