"""What a result depends on, as a hash: known before anything is rendered or mapped.

Two requests with the same key give the same figures, so a result under its key need never be computed
again; and a changed template, table or line of the program gives another key, so it is never taken for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.engines.content_hash import content_hash
from harness.engines.layer_job import LayerRequest
from harness.engines.version import digest_of, files_below, program_version
from harness.spec.shipped import shipped_folder
from harness.spec.template_parameters import ParameterValue
from harness.spec.templates import ArchitectureTemplate, load_architecture_template


class RequestIdentity:
    """The keys of requests that differ in their parameters only.

    Everything else is hashed once: a sweep asks for the keys of one layer on very many configurations. The
    names of the layer, its model and its repetitions do not count, nor do the command and live status.
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
        self._unused = dict(runs.unused)
        self._rest = content_hash(
            program_version(),
            _texts_beside(template),
            runs.name,
            replace(request.layer.problem, name=""),
            request.layer.operator,
            sides,
            settings,
            request.mapping,
            request.compat,
            tuple(digest_of(files_below(folder), folder) for folder in request.table_folders),
        )

    def key(self, parameters: Mapping[str, ParameterValue]) -> str:
        """``sha256:...``; ``parameters`` are all of the template, with their values.

        Those that are declared unused for this layer's operator do not count: a layer normalisation on two
        arrays that differ in their columns only is one and the same job.
        """
        used = {name: value for name, value in parameters.items() if name not in self._unused}
        return content_hash(self._rest, used)


def _texts_beside(template: ArchitectureTemplate) -> str:
    """Of the files that a template of the user's own may draw on; shipped ones are in the version."""
    folder = template.path.parent
    if folder == shipped_folder("arches"):
        return ""
    return digest_of([template.path, *sorted(folder.rglob("*.yaml*"))], folder)
