"""The options of all commands that decide who estimates energies and areas."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from harness.estimation import EstimationOptions, EstimatorName

# Written out, for the rooms that know them take too long to load for `-h`; a test holds them together.
ESTIMATORS = ("tables", "hwcomponents", "accelergy", "placeholder")
ACTION_SHARES = ("honoured", "ignored")


@dataclass(frozen=True)
class EstimationArguments:
    """What was asked for; the defaults give Accelergy's figures where it is right."""

    tables: tuple[str, ...] = ()
    estimator: str = ESTIMATORS[0]
    action_share: str = ACTION_SHARES[0]

    def options(self) -> EstimationOptions:
        """With the tables that the project in the working directory lists. Raises HarnessError for tables
        that are not there.
        """
        from harness.estimation import EstimationOptions  # noqa: PLC0415 - slow to load, and -h must not
        from harness.estimation.project import project_tables  # noqa: PLC0415

        options = EstimationOptions(
            estimator=cast("EstimatorName", self.estimator),
            legacy_action_share=self.action_share == "ignored",
            table_folders=(*map(Path, self.tables), *project_tables(Path.cwd())),
        )
        options.check()
        return options

    def given(self) -> dict[str, object]:
        """The options that are not at their default, by their names on the command line."""
        found: dict[str, object] = {}
        if self.tables:
            found["--tables"] = self.tables
        if self.estimator != ESTIMATORS[0]:
            found["--estimator"] = self.estimator
        if self.action_share != ACTION_SHARES[0]:
            found["--action-share"] = self.action_share
        return found

    def words(self) -> list[str]:
        """What of it belongs into the name of an output folder."""
        words = [f"tables-{Path(name).name}" for name in self.tables]
        if self.estimator != ESTIMATORS[0]:
            words.append(self.estimator)
        if self.action_share != ACTION_SHARES[0]:
            words.append(f"action-share-{self.action_share}")
        return words


def add_estimation_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--tables", action="append", type=_folder, metavar="DIR",
        help="ask the estimation tables of this folder before those that estimation_tables/tables.yaml lists "
        "and the shipped ones; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--estimator", choices=ESTIMATORS, default=ESTIMATORS[0],
        help="who is believed first about energy and area: the shipped tables of Accelergy's answers, the "
        "models of hwcomponents, an installed Accelergy, or nobody: a placeholder of 1 pJ for every action "
        "(default %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--action-share", choices=ACTION_SHARES, default=ACTION_SHARES[0],
        help="count action_share in component classes, or ignore it as Accelergy does (default %(default)s)",
    )  # fmt: skip


def _folder(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty text is no folder")
    return text


def estimation_arguments(given: argparse.Namespace) -> EstimationArguments:
    return EstimationArguments(tuple(given.tables or ()), given.estimator, given.action_share)
