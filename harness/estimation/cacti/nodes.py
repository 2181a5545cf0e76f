"""The process nodes in nm that both wrappers hand to CACTI; between them they interpolate."""

NODES_NM = (22, 32, 45, 65, 90)
