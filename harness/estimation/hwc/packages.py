"""The packages with models: which are installed, and where their figures come from."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

from harness.estimation.programs import package_folder

PACKAGES = (
    "hwcomponents",
    "hwcomponents-adc",
    "hwcomponents-cacti",
    "hwcomponents-library",
    "hwcomponents-neurosim",
)
MODELLED = {
    "hwcomponents-adc": "ADC survey model, Andrulis et al., arXiv:2404.06553",
    "hwcomponents-cacti": "CACTI 7, Balasubramonian et al., ACM TACO 14(2), 2017, doi:10.1145/3085572",
    "hwcomponents-neurosim": "DNN+NeuroSim V1.3, Peng et al., IEDM 2019, doi:10.1109/IEDM19573.2019.8993491",
}
_ENTRY = re.compile(r"@\w+\{.*?\n\s*\}?\}\s*$|@\w+\{.*\Z", re.DOTALL | re.MULTILINE)
_LONGEST_TITLE = 90


@lru_cache(maxsize=1)
def package_versions() -> dict[str, str]:
    """Installed versions, part of the cache key."""
    return {package: _version(package) for package in PACKAGES}


def _version(package: str) -> str:
    from importlib import metadata  # noqa: PLC0415 - slow to import, and most processes need no version

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


@lru_cache(maxsize=256)
def citation_of(module: str, model: str, constant: bool) -> str:
    """Package, version, model, and the paper that its module names, in one line.

    ``constant``: the figure is no answer of the package's model, but a number that stands in it.
    """
    package = module.partition(".")[0].replace("_", "-")
    version = package_versions().get(package, "")
    where = f"{package} {version}, {model}".replace(" ,", ",")
    paper = "" if constant else _paper(module) or MODELLED.get(package, "")
    return f"{where}: {paper}" if paper else where


def _paper(module: str) -> str:
    """Of the first BibTeX entry that begins the module; nothing is imported for it."""
    package, *inside = module.split(".")
    folder = package_folder(package)
    if folder is None or not inside:
        return ""
    file = folder.joinpath(*inside).with_suffix(".py")
    try:
        text = ast.get_docstring(ast.parse(_beginning(file))) or ""
    except (OSError, ValueError, SyntaxError):
        return ""
    if "@" not in text:
        return ""
    entry = text[text.index("@") :]
    second = entry.find("\n@")
    return reference(entry if second < 0 else entry[:second])


def _beginning(file: Path) -> str:
    """The file as far as its docstring."""
    text = file.read_text(encoding="utf-8")
    if not text.startswith('"""'):
        return ""
    return text[: text.index('"""', 3) + 3]


def reference(entry: str) -> str:
    """ "Shafiee et al., ISAAC: A Convolutional ..., ISCA 2016, doi:..." of a BibTeX entry."""
    fields = {key.lower(): value for key, value in re.findall(r"(\w+)\s*=\s*\{(.*?)\}", entry, re.DOTALL)}
    authors = fields.get("author", "").split(" and ")
    first = authors[0].split(",")[0].strip()
    title = " ".join(fields.get("title", "").split())
    if len(title) > _LONGEST_TITLE:
        title = title[: _LONGEST_TITLE - 3].rsplit(" ", 1)[0] + " ..."
    venue = " ".join((fields.get("booktitle") or fields.get("journal") or "").split())
    short = re.search(r"\((\w+)\)", venue)
    parts = [
        first + (" et al." if len(authors) > 1 else ""),
        title,
        f"{short.group(1) if short else venue} {fields.get('year', '')}".strip(),
        f"doi:{fields['doi']}" if fields.get("doi") else "",
    ]
    return ", ".join(part for part in parts if part)
