"""Where NeuroSim lies in the package hwcomponents_neurosim, and how it is made from the sources there."""

from harness.estimation.programs import Recipe

NEUROSIM = Recipe(
    name="NeuroSim",
    package="hwcomponents_neurosim",
    folders=("DNN_NeuroSim_V1.3/Inference_pytorch/NeuroSIM", "drop_in"),
    suffix=".cpp",
    headers=".h",
    flags=("-std=gnu++14", "-O1", "-w", "-ffp-contract=off"),
    data="",
    shipped="NeuroSim/main",
    greeting="<config file path>",
    seconds=10,
)
