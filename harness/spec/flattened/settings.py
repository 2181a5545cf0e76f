"""Reading the mapper's settings: the ``mapper:`` section and the template of ``mapspace:``.

Timeloop's names (``applications/mapper/mapper.cpp``, ``search/*.cpp``), and of this project: ``seed``,
``time_limit``, ``max_cycles``, ``max_energy_pj``, the algorithms ``optimal`` and ``guided``, and those that
installed packages add. Dashes and underscores mean the same.
Keys that only steer Timeloop's log files are accepted and have no effect here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from harness.errors import SpecError, Unsupported, unknown_name
from harness.spec.located import where
from harness.spec.plugins import mapper_plugins
from harness.spec.settings import Metric, SearchSettings

ALGORITHMS = ("optimal", "guided", "hybrid", "random_pruned", "linear_pruned", "exhaustive", "random")
METRICS: tuple[Metric, ...] = get_args(Metric)

_OWN_KEYS = {
    "algorithm",
    "optimization_metric",
    "optimization_metrics",
    "num_threads",
    "timeout",
    "heartbeat",
    "victory_condition",
    "sync_interval",
    "search_size",
    "max_permutations_per_if_visit",
    "penalize_consecutive_bypass_fails",
    "max_temporal_loops_in_a_mapping",
    "filter_revisits",
    "diagnostics",
    "live_status",
    "seed",
    "time_limit",
    "max_cycles",
    "max_energy_pj",
}
_LOG_KEYS = {
    "version",
    "out_prefix",
    "log_interval",
    "log_oave_mappings",
    "log_oaves",
    "log_oaves_mappings",
    "log_orojenesis_mappings",
    "log_all_mappings",
    "log_mappings_yaml",
    "log_mappings_verbose",
    "log_stats",
    "log_suboptimal",
    "log_all",
    "emit_whoop_nest",
}
_MAPSPACE_KEYS = {"template", "version", "constraints", "targets"}


def read_settings(tree: Mapping[str, Any]) -> SearchSettings:
    """Settings from a flattened specification tree; Timeloop's defaults where it says nothing.

    The number of threads defaults to 1, not to all cores, so that a run repeats on every machine.
    Raises :class:`SpecError` for unknown keys, names and malformed values.
    """
    mapper = _section(tree, "mapper")
    mapspace = _section(tree, "mapspace")
    values: dict[str, Any] = {}
    places: dict[str, tuple[Mapping[str, Any], str]] = {}
    for written, value in mapper.items():
        key = str(written).replace("-", "_")
        if key not in _OWN_KEYS and key not in _LOG_KEYS:
            raise unknown_name("key of the mapper", str(written), _OWN_KEYS, where(mapper, written))
        if key in values:
            raise SpecError(f"'{key}' is given in two spellings", where(mapper, written))
        values[key] = value
        places[key] = (mapper, str(written))
    defaults = SearchSettings()
    reader = _Values(values, places)
    timeout = reader.whole("timeout", reader.whole("heartbeat", defaults.timeout))
    return SearchSettings(
        algorithm=reader.algorithm(defaults.algorithm),
        metrics=reader.metrics(defaults.metrics),
        threads=reader.whole("num_threads", defaults.threads, least=1),
        timeout=timeout,
        victory_condition=reader.whole("victory_condition", defaults.victory_condition),
        sync_interval=reader.whole("sync_interval", defaults.sync_interval),
        search_size=reader.whole("search_size", defaults.search_size),
        max_permutations_per_if_visit=reader.whole(
            "max_permutations_per_if_visit", defaults.max_permutations_per_if_visit, least=1
        ),
        penalize_consecutive_bypass_fails=reader.flag("penalize_consecutive_bypass_fails"),
        max_temporal_loops_in_a_mapping=reader.whole(
            "max_temporal_loops_in_a_mapping", defaults.max_temporal_loops_in_a_mapping, least=-1
        ),
        filter_revisits=reader.flag("filter_revisits"),
        template=_template(mapspace, defaults.template),
        diagnostics=reader.flag("diagnostics"),
        live_status=reader.flag("live_status"),
        seed=reader.optional_whole("seed"),
        time_limit=reader.number("time_limit", "of seconds") or 0.0,
        max_cycles=reader.optional_whole("max_cycles", least=1),
        max_energy_pj=reader.number("max_energy_pj", "of pJ"),
    )


def _section(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    node = tree.get(name)
    if node is None or (name == "mapspace" and isinstance(node, list)):
        return {}
    if not isinstance(node, Mapping):
        raise SpecError(f"'{name}' must be a mapping", where(tree, name))
    return node


def _template(mapspace: Mapping[str, Any], default: Literal["uber", "ruby"]) -> Literal["uber", "ruby"]:
    for key in mapspace:
        if key not in _MAPSPACE_KEYS:
            raise unknown_name("key of the map space", str(key), _MAPSPACE_KEYS, where(mapspace, key))
    template = mapspace.get("template", default)
    if template == "uber":
        return "uber"
    if template == "ruby":
        return "ruby"
    raise unknown_name("map space template", str(template), ("uber", "ruby"), where(mapspace, "template"))


class _Values:
    """Checked access to the values by their underscore names. None counts as not given."""

    def __init__(
        self, values: Mapping[str, Any], places: Mapping[str, tuple[Mapping[str, Any], str]]
    ) -> None:
        self._values = values
        self._places = places

    def _where(self, key: str) -> Any:
        node, written = self._places[key]
        return where(node, written)

    def whole(self, key: str, default: int, least: int = 0) -> int:
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, str) and value.strip().lstrip("-").isdigit():
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise SpecError(
                f"'{key}' must be a whole number of at least {least}, not {value!r}", self._where(key)
            )
        return value

    def optional_whole(self, key: str, least: int = 0) -> int | None:
        return None if self._values.get(key) is None else self.whole(key, 0, least)

    def number(self, key: str, of_what: str) -> float | None:
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
            raise SpecError(f"'{key}' must be a number {of_what}, not {value!r}", self._where(key))
        return float(value)

    def flag(self, key: str) -> bool:
        value = self._values.get(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise SpecError(f"'{key}' must be true or false, not {value!r}", self._where(key))
        return value

    def algorithm(self, default: str) -> str:
        value = self._values.get("algorithm")
        if value is None:
            return default
        name = str(value).replace("-", "_")
        if name in ALGORITHMS:
            return name
        added = mapper_plugins()
        if str(value) in added or name in added:
            return str(value) if str(value) in added else name
        raise unknown_name("search algorithm", str(value), [*ALGORITHMS, *added], self._where("algorithm"))

    def metrics(self, default: tuple[Metric, ...]) -> tuple[Metric, ...]:
        for key in ("optimization_metric", "optimization_metrics"):
            value = self._values.get(key)
            if value is None or value == []:
                continue
            names = [value] if isinstance(value, str) else value
            if not isinstance(names, list):
                raise SpecError(f"'{key}' must be a metric or a list of metrics", self._where(key))
            return tuple(self._metric(name, key) for name in names)
        return default

    def _metric(self, name: Any, key: str) -> Metric:
        if name == "ordered_accesses" or str(name).startswith("accesses-"):
            raise Unsupported(f"the optimization metric '{name}' is not offered", self._where(key))
        for metric in METRICS:
            if metric == name:
                return metric
        raise unknown_name("optimization metric", str(name), METRICS, self._where(key))
