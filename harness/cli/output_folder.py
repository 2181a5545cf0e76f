"""Names of output folders. Whatever changes the result is in the name, so no run overwrites another."""

from __future__ import annotations

from pathlib import Path

from harness.cli.arguments import DEFAULT_MODEL, DEFAULT_PROFILE, Arguments
from harness.report.plain_name import plain_name

_MAX_NAME = 180
"""Below the 255 bytes that file systems allow, with room for the suffixes of temporary names."""


def output_folder(arguments: Arguments, architecture: str, layer: str) -> Path:
    """``--out`` as given, else ``outputs_<arch>_<layer>[_<level>][_<options>]`` in the working directory."""
    if arguments.out is not None:
        return Path(arguments.out)
    parts = ["outputs", architecture, layer]
    if arguments.fusion_level is not None:
        parts.append(arguments.fusion_level)
    parts += option_parts(arguments)
    name = "_".join(plain_name(part) for part in parts)
    if len(name) > _MAX_NAME:
        name = name[:_MAX_NAME] + "_" + _digest(name)
    return Path(name)


def option_parts(arguments: Arguments) -> list[str]:
    """One short word for each option that was given and that changes the result."""
    parts = []
    if not arguments.spec:
        if arguments.model != DEFAULT_MODEL and arguments.gemm is None:
            parts.append(arguments.model)
        if arguments.sequence is not None:
            parts.append(f"seq{arguments.sequence}")
        if arguments.sweeps is not None:
            parts.append(f"sweeps{arguments.sweeps}")
        parts += sorted(arguments.densities)
        parts += [f"{name}={value}" for name, value in sorted(arguments.parameters.items())]
    else:
        parts += [f"{name}={value}" for name, value in sorted(arguments.jinja.items())]
    for given, word in (
        (arguments.no_e_fusion, "nef"),
        (arguments.l_fusion, "lf"),
        (arguments.pay_writeback_in_matmul, "pwim"),
        (arguments.imperfect_factors, "if"),
        (arguments.compat is None, "corrected"),
    ):
        if given:
            parts.append(word)
    parts += arguments.estimation.words()
    if arguments.engine != "embedded":
        parts.append(arguments.engine)
    if arguments.mapping is not None:
        return [*parts, f"mapping-{Path(arguments.mapping).stem}"]
    if arguments.profile not in (None, DEFAULT_PROFILE):
        parts.append(arguments.profile)
    if arguments.metrics is not None:
        parts.append("-".join(arguments.metrics))
    for value, word in (
        (arguments.max_cycles, "max-cycles"),
        (arguments.max_energy_pj, "max-pJ"),
        (arguments.victory_condition, "vc"),
        (arguments.threads, "threads"),
        (arguments.seed, "seed"),
        (arguments.time_limit, "time-limit"),
    ):
        if value is not None:
            parts.append(f"{word}{value:g}" if word == "time-limit" else f"{word}{value}")
    return parts


def _digest(text: str) -> str:
    import hashlib  # noqa: PLC0415 - only for over-long names

    return hashlib.sha256(text.encode()).hexdigest()[:12]
