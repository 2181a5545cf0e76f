"""Small searches of hardware with sparse optimisations, with what Timeloop's mapper finds there.

``BEST`` has the cycles, and the pJ per operation to three decimals as it prints them, of the best mapping of
the whole space (``linear_pruned``; ``exhaustive`` comes to the same). Of "spread and skipped in space" it is
the best of those that the real program reported before it ended itself by an assertion.
"""

from __future__ import annotations

from typing import Any

PRICES = {
    "read": 10.0, "write": 20.0, "update": 30.0, "gated_read": 1.0, "gated_write": 1.5, "skipped_read": 0.5,
    "metadata_read": 2.0, "metadata_write": 3.0, "decompression_count": 4.0, "compression_count": 5.0,
}  # fmt: skip
UNIT = {"compute": 1.0, "compute_gated": 0.25, "compute_skipped": 0.125}


def tree(
    bounds: dict[str, int],
    densities: dict[str, Any],
    targets: list[dict[str, Any]],
    *,
    depth: int,
    units: int = 1,
    wide: bool = False,
) -> dict[str, Any]:
    """A DRAM of prices ten times those of a buffer of ``depth`` words, and ``units`` multipliers along X.

    ``wide``: metadata have less room than they could use.
    """
    metadata = {"metadata_storage_width": 8, "metadata_datawidth": 4}
    support = {"decompression_supported": True, "compression_supported": True}
    unit = f"MAC[0..{units - 1}]" if units > 1 else "MAC"
    prices = {"DRAM": {a: 10 * pj for a, pj in PRICES.items()}, "Buffer": PRICES, unit: UNIT}
    return {
        "architecture": {
            "version": 0.3,
            "subtree": [
                {
                    "name": "S",
                    "local": [
                        {
                            "name": "DRAM",
                            "class": "DRAM",
                            "attributes": {"width": 8, "datawidth": 8, "block_size": 1, **metadata},
                        },
                        {
                            "name": "Buffer",
                            "class": "SRAM",
                            "attributes": {
                                **{"depth": depth, "width": 8, "datawidth": 8, "block_size": 1},
                                **{"metadata_storage_depth": 6 if wide else 512, **metadata, **support},
                            },
                        },
                        {"name": unit, "class": "intmac", "attributes": {"datawidth": 8, "meshX": units}},
                    ],
                }
            ],
        },
        "ERT": {
            "version": 0.3,
            "tables": [
                {
                    "name": f"S.{name}",
                    "actions": [{"name": a, "energy": pj, "arguments": {}} for a, pj in of.items()],
                }
                for name, of in prices.items()
            ],
        },
        "ART": {"version": 0.3, "tables": [{"name": f"S.{name}", "area": 1.0} for name in prices]},
        "sparse_optimizations": {"targets": targets},
        "problem": {
            "shape": {
                "name": "product",
                "dimensions": ["M", "N", "K"],
                "data_spaces": [
                    {"name": "A", "projection": [[["M"]], [["K"]]]},
                    {"name": "B", "projection": [[["N"]], [["K"]]]},
                    {"name": "Z", "projection": [[["M"]], [["N"]]], "read_write": True},
                ],
            },
            "instance": {**bounds, "densities": densities},
        },
        "mapper": {
            "optimization_metrics": ["edp", "delay", "energy"],
            "num_threads": 1,
            "timeout": 1_000_000,
            "victory_condition": 0,
        },
    }


def fixed(density: float) -> dict[str, Any]:
    return {"distribution": "fixed_structured", "density": density}


def even(density: float) -> dict[str, Any]:
    return {"distribution": "hypergeometric", "density": density}


def saving(kind: str, target: str, *conditions: str) -> dict[str, Any]:
    return {"type": kind, "options": [{"target": target, "condition_on": list(conditions)}]}


def at(level: str, *actions: dict[str, Any], **formats: list[str]) -> dict[str, Any]:
    """Formats from the outermost rank to the innermost; a single rank takes the loops over both."""
    found: dict[str, Any] = {"name": level}
    if actions:
        found["action_optimization"] = list(actions)
    if formats:
        found["representation_format"] = {
            "data_spaces": [{"name": name, "ranks": _ranks(name, of)} for name, of in formats.items()]
        }
    return found


def _ranks(name: str, formats: list[str]) -> list[dict[str, Any]]:
    if len(formats) > 1:
        return [{"format": f} for f in formats]
    return [{"format": formats[0], "flattened_rankIDs": [["M" if name == "A" else "N", "K"]]}]


SMALL = {"M": 4, "N": 2, "K": 6}

CASES: dict[str, dict[str, Any]] = {
    "gating": tree(SMALL, {"A": fixed(0.25)}, [at("Buffer", saving("gating", "B", "A"))], depth=20),
    "packed": tree(
        SMALL,
        {"A": even(0.3), "B": even(0.5)},
        [at("Buffer", A=["CP"]), at("DRAM", A=["CP"])],
        depth=16,
    ),
    "packed twice": tree(
        SMALL,
        {"A": even(0.3), "B": fixed(0.5)},
        [
            at("Buffer", saving("skipping", "B", "A"), A=["UOP", "CP"], B=["UOP", "CP"]),
            at("DRAM", saving("skipping", "A", "B"), A=["UOP", "CP"], B=["UOP", "CP"]),
        ],
        depth=14,
    ),
    "little room for metadata": tree(
        SMALL,
        {"A": even(0.4), "B": even(0.4)},
        [at("Buffer", saving("skipping", "B", "A"), A=["B"]), at("DRAM", A=["B"])],
        depth=30,
        wide=True,
    ),
    "spread": tree(
        SMALL,
        {"A": even(0.4), "B": fixed(0.5)},
        [
            at("Buffer", saving("gating", "Z", "A", "B"), saving("skipping", "B", "A"), A=["UOP", "RLE"]),
            at("DRAM", A=["UOP", "RLE"]),
        ],
        depth=24,
        units=4,
    ),
    "spread and skipped in space": tree(
        SMALL,
        {"A": fixed(0.5)},
        [at("Buffer", saving("skipping_spatial", "A", "A"), A=["CP"]), at("DRAM", A=["CP"])],
        depth=24,
        units=2,
    ),
    "banded": tree(
        {"M": 6, "N": 2, "K": 6},
        {"A": {"distribution": "banded", "density": 0.4, "band_width": 1}},
        [at("Buffer", saving("skipping", "B", "A"), A=["UOP", "CP"]), at("DRAM", A=["UOP", "CP"])],
        depth=24,
    ),
    "nothing to save": tree(SMALL, {"A": fixed(0.5)}, [], depth=20),
}

BEST = {
    "gating": (12, 191.083),
    "packed": (48, 166.000),
    "packed twice": (8, 128.667),
    "little room for metadata": (20, 156.771),
    "spread": (10, 120.896),
    "spread and skipped in space": (24, 156.833),
    "banded": (32, 161.833),
    "nothing to save": (48, 199.333),
}
