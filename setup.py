"""Ships the data folders and files of the checkout inside the wheel, below ``harness/shipped``.

Everything else about the package is in pyproject.toml. ``harness.spec.shipped`` finds them again.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("arches", "workloads", "mappers", "estimation_tables")
SHIPPED_FILES = ("hw_configs.json",)


class BuildWithData(build_py):
    """Copies the shipped folders into the build; an editable install reads them from the checkout."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        here = Path(__file__).resolve().parent
        for folder in SHIPPED:
            target = Path(self.build_lib) / "harness" / "shipped" / folder
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(here / folder, target, ignore=shutil.ignore_patterns("__pycache__", "*.py[co]"))
        for name in SHIPPED_FILES:
            shutil.copyfile(here / name, Path(self.build_lib) / "harness" / "shipped" / name)


setup(cmdclass={"build_py": BuildWithData})
