"""What a result depends on, as a hash: known before anything is rendered or mapped.

Two requests with the same key give the same figures, so a result under its key need never be computed
again; and a changed template, table or line of the program gives another key, so it is never taken for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from harness.engines.content_hash import content_hash
from harness.engines.layer_job import LayerRequest
from harness.engines.version import estimator_versions, program_version
from harness.errors import HarnessError
from harness.estimation.tables import digest_of_tables
from harness.spec.digest import digest_of
from harness.spec.located import LocatedDict
from harness.spec.shipped import shipped_folder
from harness.spec.template_parameters import ParameterValue
from harness.spec.templates import ArchitectureTemplate, load_architecture_template
from harness.spec.yaml_nodes import QuotedStr

_TEXTS = (".yaml", ".yml", ".jinja", ".jinja2", ".j2", ".txt")


class RequestIdentity:
    """The keys of requests that differ in their parameters only.

    Everything else is hashed once: a sweep asks for the keys of one layer on very many configurations. The
    names of the layer, its model and its repetitions do not count, nor do the command and live status. Where
    the real Timeloop takes part, its programs and its front end count: HarnessError where they are not there.
    """

    def __init__(self, request: LayerRequest) -> None:
        template = load_architecture_template(request.architecture)
        runs = template.for_operator(request.layer.operator)
        settings = replace(request.settings, live_status=False, diagnostics=False)
        fusion = request.fusion
        sides = None
        if fusion is not None:
            is_producer = request.layer == fusion.pair.producer
            sides = (is_producer, fusion.level, fusion.levels, fusion.options)
        self._request = request
        self._unused = dict(runs.unused)
        self._shipped = _is_shipped(template)
        self._rest = content_hash(
            program_version(),
            estimator_versions(),
            runs.name,
            replace(request.layer.problem, name=""),
            request.layer.operator,
            sides,
            settings,
            request.mapping,
            request.compat,
            replace(request.estimation, table_folders=(), use_cache=True, cache_folder=None),
            tuple(digest_of_tables(folder) for folder in request.estimation.table_folders),
            *_of_engine(request),
        )

    def key(self, parameters: Mapping[str, ParameterValue]) -> str:
        """``sha256:...``; ``parameters`` are all of the template, with their values.

        Those that are declared unused for this layer's operator do not count: a layer normalisation on two
        arrays that differ in their columns only is one and the same job. (That declaration is tested for
        shipped templates; a template of the user's own is rendered, and what comes out counts.)
        """
        if self._shipped:
            used = {name: value for name, value in parameters.items() if name not in self._unused}
            return content_hash(self._rest, used)
        return content_hash(self._rest, self._rendered(parameters))

    def _rendered(self, parameters: Mapping[str, ParameterValue]) -> object:
        """The architecture itself: a template of the user's own may draw on files anywhere."""
        layer = self._request.layer
        template = load_architecture_template(self._request.architecture)
        return _with_tags(template.render(parameters, layer.problem, layer.operator))


def _of_engine(request: LayerRequest) -> tuple[object, ...]:
    """Nothing where this package works alone."""
    if not request.needs_timeloop:
        return ()
    from harness.engines.timeloop import installed_identity  # noqa: PLC0415 - only where it runs

    return (request.engine, request.check, installed_identity())


def depends_on_own_files(request: LayerRequest) -> bool:
    """Whether files of the user's own decide over the figures: a template or tables."""
    tables = request.estimation.table_folders
    return bool(tables) or not _is_shipped(load_architecture_template(request.architecture))


def _is_shipped(template: ArchitectureTemplate) -> bool:
    return template.path.parent == shipped_folder("arches")


def _with_tags(node: object) -> object:
    """YAML's tags and quotes count as well: ``!Container`` is no ``!Component``, and "5" is no 5."""
    if isinstance(node, LocatedDict):
        return [node.tag, {str(key): _with_tags(value) for key, value in node.items()}]
    if isinstance(node, list):
        return [getattr(node, "tag", None), *map(_with_tags, node)]
    return ["quoted", str(node)] if isinstance(node, QuotedStr) else node


def digest_of_own_files(requests: Iterable[LayerRequest], table_folders: Iterable[Path]) -> str:
    """Of templates of the user's own with what lies beside them, and of tables: for studies, which say what
    may be compared before any point is made. "" where there are none.

    ``requests`` are those of one model. What a template includes from elsewhere counts as far as its default
    configuration has it.
    """
    loaded = ((load_architecture_template(request.architecture), request) for request in requests)
    own = [(template, request) for template, request in loaded if not _is_shipped(template)]
    folders = sorted({template.path.parent for template, _ in own})
    found = [_beside(folder) for folder in folders]
    found += sorted({_default_of(template, request) for template, request in own})
    found += [digest_of_tables(folder) for folder in table_folders]
    return content_hash(found).removeprefix("sha256:")[:8] if found else ""


def _default_of(template: ArchitectureTemplate, request: LayerRequest) -> str:
    """What cannot be rendered has no figures that anybody could compare."""
    try:
        return content_hash(_with_tags(template.render({}, request.layer.problem, request.layer.operator)))
    except HarnessError:
        return ""


def _beside(folder: Path) -> str:
    """Not of folders below but those of templates: results may lie there."""
    files = [
        file
        for place in (folder, folder / "components", folder / "parts")
        for file in sorted(place.glob("*"))
        if file.is_file() and file.suffix.lower() in _TEXTS
    ]
    return digest_of(files, folder)
