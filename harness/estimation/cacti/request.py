"""One question to CACTI: a memory of a size, as the text of its configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from harness.estimation.cacti.recipe import CACTI
from harness.estimation.programs import Unavailable, package_folder

Flavour = Literal["accelergy", "hwcomponents"]
ACCELERGY_SETTINGS: tuple[tuple[str, str], ...] = (
    ("Array Power Gating -", '"false"'),
    ("WL Power Gating -", '"false"'),
    ("CL Power Gating -", '"false"'),
    ("Bitline floating -", '"false"'),
    ("Interconnect Power Gating -", '"false"'),
    ("Power Gating Performance Loss", '"default"'),
    ("exclusive read port", "0"),
    ("exclusive write port", "0"),
    ("single ended read ports", "0"),
    ("page size (bits)", "0"),
    ("burst length", "8"),
    ("internal prefetch width", "8"),
    ("Data array cell type -", '"itrs-lstp"'),
    ("Data array peripheral type -", '"itrs-lstp"'),
    ("Tag array cell type -", '"itrs-lstp"'),
    ("Tag array peripheral type -", '"itrs-lstp"'),
    ("operating temperature (K)", "300"),
    ("access mode (normal, sequential, fast) -", '"fast"'),
    ("design objective (weight delay, dynamic power, leakage power, cycle time, area)", "0:0:1000000:0:0"),
    ("deviate (delay, dynamic power, leakage power, cycle time, area)", "20:10:100000:100:100"),
    (
        "NUCAdesign objective (weight delay, dynamic power, leakage power, cycle time, area)",
        "100:100:0:0:100",
    ),
    ("NUCAdeviate (delay, dynamic power, leakage power, cycle time, area)", "10:10000:10000:10000:10000"),
    ("Optimize ED or ED^2 (ED, ED^2, NONE):", '"ED^2"'),
    ("Cache model (NUCA, UCA)  -", '"UCA"'),
    ("NUCA bank count", "0"),
    ("Wire signaling (fullswing, lowswing, default) -", '"Global_30"'),
    ("Wire inside mat -", '"semi-global"'),
    ("Wire outside mat -", '"semi-global"'),
    ("Interconnect projection -", '"normal"'),
    ("Core count", "1"),
    ("Add ECC -", '"false"'),
    ("Print level (DETAILED, CONCISE) -", '"DETAILED"'),
    ("Print input parameters -", '"true"'),
    ("Force cache config -", '"false"'),
    ("Ndwl", "1"),
    ("Ndbl", "1"),
    ("Nspd", "0"),
    ("Ndcm", "1"),
    ("Ndsam1", "0"),
    ("Ndsam2", "0"),
    ("dram_type", '"DDR3"'),
    ("io state", '"WRITE"'),
    ("addr_timing", "1.0"),
    ("mem_density", "4 Gb"),
    ("bus_freq", "800 MHz"),
    ("duty_cycle", "1.0"),
    ("activity_dq", "1.0"),
    ("activity_ca", "0.5"),
    ("num_dq", "72"),
    ("num_dqs", "18"),
    ("num_ca", "25"),
    ("num_clk", "2"),
    ("num_mem_dq", "2"),
    ("mem_data_width", "8"),
    ("rtt_value", "10000"),
    ("ron_value", "34"),
    ("tflight_value", ""),
    ("num_bobs", "1"),
    ("capacity", "80"),
    ("num_channels_per_bob", "1"),
    ("first metric", '"Cost"'),
    ("second metric", '"Bandwidth"'),
    ("third metric", '"Energy"'),
    ("DIMM model", '"ALL"'),
    ("mirror_in_bob", '"F"'),
)
"""What Accelergy's CACTI plug-in (291018b) sets for every memory: low-standby-power cells at 300 K, organised
for the least leakage. Those below ``Ndsam2`` are of external DRAM; for a RAM they are read, not used."""


@dataclass(frozen=True)
class CactiRequest:
    """What both wrappers let vary. Sizes in bytes, ``tag_bits`` and ``associativity`` for caches only.

    ``flavour``: whose other settings hold. Today those of the two wrappers are equal in every figure.
    """

    node_nm: int
    capacity_bytes: int
    block_bytes: int
    ports: int = 1
    banks: int = 1
    kind: Literal["ram", "cache"] = "ram"
    tag_bits: int = 0
    associativity: int = 1
    flavour: Flavour = "accelergy"

    def config(self) -> str:
        """The configuration file. CACTI takes the last of lines that say the same thing."""
        asked = (
            ("size (bytes)", self.capacity_bytes),
            ("read-write port ", self.ports),
            ("block size (bytes)", self.block_bytes),
            ("technology (u)", self.node_nm / 1000),
            ("output/input bus width ", self.block_bytes * 8),
            ("UCA bank", self.banks),
            ("cache type", f'"{self.kind}"'),
            ("tag size (b)", self.tag_bits),
            ("associativity", self.associativity),
        )
        fixed = _hwcomponents_settings() if self.flavour == "hwcomponents" else _accelergy_settings()
        return fixed + "".join(f"-{name} {value}\n" for name, value in asked)

    @property
    def words(self) -> str:
        """For messages: "65536 bytes in words of 64 bits, 1 port, 2 banks, 32 nm"."""
        what = f"{self.kind} of {self.capacity_bytes} bytes in words of {self.block_bytes * 8} bits"
        return f"{what}, {self.ports} port(s), {self.banks} bank(s), {self.node_nm} nm"


def _accelergy_settings() -> str:
    return "".join(f"-{name} {value}\n" for name, value in ACCELERGY_SETTINGS)


@lru_cache(maxsize=1)
def _hwcomponents_settings() -> str:
    """Those of the installed package, so that an update of it counts."""
    root = package_folder(CACTI.package)
    try:
        if root is not None:
            return (root / "default_cfg.cfg").read_text(encoding="utf-8") + "\n"
    except (OSError, ValueError):
        pass
    raise Unavailable(f"the settings of {CACTI.package.replace('_', '-')} (default_cfg.cfg) are not there")
