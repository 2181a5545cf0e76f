"""The packages with models: which are installed, and where their figures come from."""

from __future__ import annotations

import ast
import re
import sys
from functools import lru_cache
from pathlib import Path

from harness.estimation.programs import package_folder
from harness.spec.digest import digest_of

EXPECTED = (
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
_LONGEST_TITLE = 90


@lru_cache(maxsize=1)
def package_versions() -> dict[str, str]:
    """Name -> installed version of all packages that hwcomponents loads: those of its prefix.

    A module that no package brought has a digest of its sources in place of a version.
    """
    versions: dict[str, str] = {}
    modules: dict[str, Path] = {}
    for entry in reversed(sys.path):  # the first counts
        for found in Path(entry or ".").glob("hwcomponents*"):
            if found.suffix == ".dist-info":
                name, _, version = found.stem.rpartition("-")
                versions[_name(name)] = version
            elif found.suffix == ".py" or (found / "__init__.py").is_file():
                modules[_name(found.stem)] = found
    for name, place in modules.items():
        files = [place] if place.is_file() else sorted(place.rglob("*.py"))
        versions.setdefault(name, f"sources {digest_of(files, place.parent)[:16]}")
    return {**dict.fromkeys(EXPECTED, "none"), **versions}


def _name(module: str) -> str:
    return module.replace("_", "-").lower()


def class_names() -> tuple[str, ...]:
    """Of all models in the packages that have been imported; nothing is imported for it."""
    names: list[str] = []
    for package in [name for name in sys.modules if name.startswith("hwcomponents_") and "." not in name]:
        for model in vars(sys.modules[package]).values():
            if isinstance(model, type) and "ComponentModel" in (base.__name__ for base in model.__mro__[1:]):
                known_as = getattr(model, "component_name", None) or _snake_case(model.__name__)
                names += [known_as] if isinstance(known_as, str) else [str(name) for name in known_as]
    return tuple(dict.fromkeys(name for name in names if not name.startswith("_")))


def _snake_case(name: str) -> str:
    """ "isaac_adc" of "IsaacADC": hwcomponents takes both."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


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
