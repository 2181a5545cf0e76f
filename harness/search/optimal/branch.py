"""Best-first branch and bound over the paths of a program, within one spatial choice and bypass mask."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from harness.search.optimal.cost_to_go import Graph, Grid
from harness.search.optimal.costs import FILL, READ, UPDATE, Floats, Prices
from harness.search.optimal.kernel import kernel, shared
from harness.search.optimal.lattice import Ints
from harness.search.optimal.program import MULTIPLY
from harness.search.optimal.terms import Placement, Terms, add_words

EDP: Final = 0
DELAY: Final = 1
ENERGY: Final = 2

TIE: Final = 1e-12
"""Energies that differ by less, relatively, are equal: their sums are rounded."""

EXHAUSTED: Final = 0
FULL: Final = 1
OUT_OF_NODES: Final = 2


class Aim(NamedTuple):
    """``goals`` in their order, ``most_cycles`` and ``most_energy`` allowed."""

    goals: Ints
    most_cycles: float
    most_energy: float


class Best(NamedTuple):
    """The cost to beat: energy in pJ and cycles with latency, infinite while there is none."""

    energy: float
    cycles: float


class Limits(NamedTuple):
    """Bandwidths that may bind: ``level`` and ``kind`` [J] as in ``load_of``, ``words`` per cycle."""

    level: Ints
    kind: Ints
    words: Floats


@shared
def goal_value(goal, energy, cycles):  # type: ignore[no-untyped-def]
    if goal == EDP:
        return energy * max(cycles, 1.0) / 1e12
    return cycles if goal == DELAY else energy


@shared
def may_beat(energy, cycles, aim, best):  # type: ignore[no-untyped-def]
    """Whether something that costs at least this much may be better than ``best`` and within the caps."""
    if cycles > aim.most_cycles or energy > aim.most_energy * (1.0 + TIE):
        return False
    for goal in aim.goals:
        least = goal_value(goal, energy, cycles)
        known = goal_value(goal, best.energy, best.cycles)
        # Cycles are whole numbers; energies are sums of rounded ones.
        tie = 0.0 if goal == DELAY else TIE
        if least < known * (1.0 - tie):
            return True
        if least > known * (1.0 + tie):
            return False
    return False


@shared
def floor_of(energy, loads, limits, iterations, leak, latency):  # type: ignore[no-untyped-def]
    """(energy, cycles) that are not above the true ones, for a floor of the energy and of each load."""
    cycles = iterations
    for j in range(loads.size):
        stretched = loads[j] / limits.words[j]
        if stretched > cycles:
            # The true count is rounded up from a quotient of rounded doubles.
            cycles = max(cycles, np.ceil(stretched * (1.0 - 1e-12)))
    return energy + leak * cycles, cycles + latency


@kernel
def exact_cycles(words, prices, iterations):  # type: ignore[no-untyped-def]
    """Cycles without latency; ``words`` [L, T, 3] per instance. The order of operations is the model's."""
    levels, tensors = words.shape[0], words.shape[1]
    most = iterations
    for level in range(levels):
        read = 0.0
        write = 0.0
        for t in range(tensors):
            scale = prices.scale[level, t]
            read += words[level, t, READ] / iterations * scale
            write += (words[level, t, FILL] + words[level, t, UPDATE]) / iterations * scale
        slowdown = 1.0
        for kind in range(3):
            bandwidth = prices.bandwidth[level, kind]
            demand = read if kind == 0 else write if kind == 1 else write + read
            if bandwidth != np.inf and demand > 0.0:
                slowdown = min(slowdown, bandwidth / demand)
        most = max(most, np.ceil(iterations / slowdown))
    return most


@kernel
def _before(key, node, other_key, other_node, state):  # type: ignore[no-untyped-def]
    """Order of the heap: the smaller bound, then the state nearer to the end."""
    return key < other_key or (key == other_key and state[node] < state[other_node])


@kernel
def _push(keys, nodes, size, key, node, state):  # type: ignore[no-untyped-def]
    i = size
    keys[i] = key
    nodes[i] = node
    while i > 0:
        up = (i - 1) // 2
        if not _before(keys[i], nodes[i], keys[up], nodes[up], state):
            break
        keys[i], keys[up] = keys[up], keys[i]
        nodes[i], nodes[up] = nodes[up], nodes[i]
        i = up
    return size + 1


@kernel
def _pop(keys, nodes, size, state):  # type: ignore[no-untyped-def]
    top = nodes[0]
    size -= 1
    keys[0] = keys[size]
    nodes[0] = nodes[size]
    i = 0
    while True:
        least = i
        for child in (2 * i + 1, 2 * i + 2):
            if child < size and _before(keys[child], nodes[child], keys[least], nodes[least], state):
                least = child
        if least == i:
            return top, size
        keys[i], keys[least] = keys[least], keys[i]
        nodes[i], nodes[least] = nodes[least], nodes[i]
        i = least


class Frontier(NamedTuple):
    """The nodes so far and the heap of those that wait; ``counts``: nodes, waiting nodes."""

    state: Ints
    point: Ints
    parent: Ints
    energy: Floats
    loads: Floats
    keys: Floats
    heap: Ints
    counts: Ints


class Tables(NamedTuple):
    """The cost tables of one spatial choice and bypass mask.

    ``energy`` [rows, numbers] pJ of each boundary, ``energy_to_go`` [states, points]; ``load`` [J, rows,
    numbers], ``load_to_go`` [J, states, points], or [J, 0, 0]: then each load is bounded by its least over
    all mappings, ``base_loads`` [J], and what closed boundaries add to it. ``base_energy`` pJ and
    ``base_words`` [L, T, 3] do not depend on the path. ``leak`` pJ per cycle.
    """

    energy: Floats
    energy_to_go: Floats
    load: Floats
    load_to_go: Floats
    base_energy: float
    base_words: Floats
    base_loads: Floats
    leak: float


class Scene(NamedTuple):
    """All that a search within one spatial choice and bypass mask looks at."""

    graph: Graph
    grid: Grid
    terms: Terms
    prices: Prices
    placement: Placement
    tables: Tables
    limits: Limits


@shared
def new_frontier(graph, view):  # type: ignore[no-untyped-def]
    """The frontier that holds the start alone, or nothing if no path leads to the end."""
    room = 1024
    frontier = Frontier(
        np.empty(room, dtype=np.int64),
        np.empty(room, dtype=np.int64),
        np.empty(room, dtype=np.int64),
        np.empty(room),
        np.empty((room, view.base_loads.size)),
        np.empty(room),
        np.empty(room, dtype=np.int64),
        np.zeros(2, dtype=np.int64),
    )
    start = graph.kind.size - 1
    if view.energy_to_go[start, 0] < np.inf:
        frontier.state[0] = start
        frontier.point[0] = 0
        frontier.parent[0] = -1
        frontier.energy[0] = view.base_energy
        frontier.loads[0, :] = view.base_loads
        frontier.counts[0] = 1
        frontier.keys[0] = -np.inf
        frontier.heap[0] = 0
        frontier.counts[1] = 1
    return frontier


@kernel
def _wider(frontier, room):  # type: ignore[no-untyped-def]
    used = frontier.state.size
    loads = np.empty((room, frontier.loads.shape[1]))
    loads[:used] = frontier.loads
    return Frontier(
        _grown(frontier.state, room),
        _grown(frontier.point, room),
        _grown(frontier.parent, room),
        _grown_floats(frontier.energy, room),
        loads,
        _grown_floats(frontier.keys, room),
        _grown(frontier.heap, room),
        frontier.counts,
    )


@kernel
def advance(frontier, scene, aim, best, most_nodes, most_leaves):  # type: ignore[no-untyped-def]
    """Takes the most promising nodes off the frontier until nothing is left that may beat ``best``.

    With ``most_leaves`` 0 a whole path is evaluated exactly and becomes the best; else up to that many are
    only gathered, in the order of their bounds. Returns (ending, nodes expanded, leaves, best, leaf nodes,
    the least bound of the first goal among what is left or infinity, frontier).
    """
    graph, grid, view, limits = scene.graph, scene.grid, scene.tables, scene.limits
    iterations, latency = scene.placement.iterations, scene.prices.latency
    loads_count = limits.words.size
    expanded = 0
    leaves = 0
    gathered = np.empty(max(most_leaves, 1), dtype=np.int64)
    found = 0
    bound_loads = np.empty(loads_count)
    held = frontier.counts[1]
    ending = EXHAUSTED
    floor = np.inf
    while held > 0:
        key = frontier.keys[0]
        if key > goal_value(aim.goals[0], best.energy, best.cycles) * (1.0 + TIE):
            held = 0
            break
        if expanded >= most_nodes:
            ending = OUT_OF_NODES
            floor = key
            break
        if most_leaves > 0 and found == most_leaves:
            ending = FULL
            floor = key
            break
        node, held = _pop(frontier.keys, frontier.heap, held, frontier.state)
        s = frontier.state[node]
        p = frontier.point[node]
        for j in range(loads_count):
            bound_loads[j] = frontier.loads[node, j]
        cost, cycles = _bound(frontier.energy[node], s, p, bound_loads, view, limits, iterations, latency)
        if not may_beat(cost, cycles, aim, best):
            continue
        if s < 0:
            leaves += 1
            if most_leaves > 0:
                gathered[found] = node
                found += 1
                continue
            # A whole path: the exact cycles decide.
            cycles = _leaf_cycles(frontier, node, scene)
            total = frontier.energy[node] + view.leak * cycles
            if may_beat(total, cycles + latency, aim, best):
                best = Best(total, cycles + latency)
                gathered[0] = node
                found = 1
            continue
        expanded += 1
        multiply = graph.kind[s] == MULTIPLY
        count = grid.sizes[graph.dimension[s]] if multiply else graph.first[s + 1] - graph.first[s]
        if frontier.counts[0] + count > frontier.state.size:
            frontier = _wider(frontier, max(2 * frontier.state.size, frontier.counts[0] + count))
        for i in range(count):
            own = frontier.energy[node]
            for j in range(loads_count):
                bound_loads[j] = frontier.loads[node, j]
            if multiply:
                d = graph.dimension[s]
                if not grid.allowed[graph.level[s], d, i]:
                    continue
                digit = p // grid.strides[d] % grid.sizes[d]
                x = grid.product[d, digit, i]
                if x < 0:
                    continue
                target = graph.target[graph.first[s]]
                reached = p + (x - digit) * grid.strides[d]
            else:
                o = graph.first[s] + i
                target = graph.target[o]
                reached = p
                for q in range(graph.closing[o], graph.closing[o + 1]):
                    row = graph.closed[q]
                    number = grid.run[graph.tensor[row], p]
                    own += view.energy[row, number]
                    for j in range(loads_count):
                        bound_loads[j] += view.load[j, row, number]
            if target >= 0 and view.energy_to_go[target, reached] == np.inf:
                continue
            if target < 0 and reached != view.energy_to_go.shape[1] - 1:
                continue
            new = frontier.counts[0]
            frontier.state[new] = target
            frontier.point[new] = reached
            frontier.parent[new] = node
            frontier.energy[new] = own
            for j in range(loads_count):
                frontier.loads[new, j] = bound_loads[j]
            cost, cycles = _bound(own, target, reached, bound_loads, view, limits, iterations, latency)
            if not may_beat(cost, cycles, aim, best):
                continue
            frontier.counts[0] = new + 1
            key = goal_value(aim.goals[0], cost, cycles)
            held = _push(frontier.keys, frontier.heap, held, key, new, frontier.state)
    frontier.counts[1] = held
    return ending, expanded, leaves, best, gathered[:found], floor, frontier


@shared
def path_to(frontier, node):  # type: ignore[no-untyped-def]
    """[steps, 2]: states and points from the start to ``node``."""
    steps = 0
    at = node
    while at >= 0:
        steps += 1
        at = frontier.parent[at]
    path = np.empty((steps, 2), dtype=np.int64)
    at = node
    for i in range(steps - 1, -1, -1):
        path[i, 0] = frontier.state[at]
        path[i, 1] = frontier.point[at]
        at = frontier.parent[at]
    return path


@kernel
def _leaf_cycles(frontier, node, scene):  # type: ignore[no-untyped-def]
    words = scene.tables.base_words.copy()
    at = node
    while frontier.parent[at] >= 0:
        before = frontier.parent[at]
        _add_closed(scene, frontier.state[before], frontier.point[before], frontier.state[at], words)
        at = before
    return exact_cycles(words, scene.prices, scene.placement.iterations)


@kernel
def _bound(own, target, reached, loads, view, limits, iterations, latency):  # type: ignore[no-untyped-def]
    """Floors of energy and cycles at a node; ``loads`` are those so far and come back as those at the end."""
    if target >= 0:
        own = own + view.energy_to_go[target, reached]
        if view.load_to_go.shape[1] > 0:
            for j in range(loads.size):
                loads[j] += view.load_to_go[j, target, reached]
    return floor_of(own, loads, limits, iterations, view.leak, latency)


@kernel
def _add_closed(scene, s, p, target, words):  # type: ignore[no-untyped-def]
    """Adds the accesses of the boundaries that the step from state ``s`` at point ``p`` closed."""
    graph, grid, terms = scene.graph, scene.grid, scene.terms
    if graph.kind[s] == MULTIPLY:
        return
    for o in range(graph.first[s], graph.first[s + 1]):
        if graph.target[o] == target:
            for q in range(graph.closing[o], graph.closing[o + 1]):
                t = graph.tensor[graph.closed[q]]
                b = graph.boundary[graph.closed[q]]
                whole = scene.placement.iterations * terms.spread[t, b]
                add_words(t, b, whole / grid.runs[t, grid.run[t, p]], terms, words)
            return


@kernel
def _grown(array, room):  # type: ignore[no-untyped-def]
    wider = np.empty(room, dtype=np.int64)
    wider[: array.size] = array
    return wider


@kernel
def _grown_floats(array, room):  # type: ignore[no-untyped-def]
    wider = np.empty(room)
    wider[: array.size] = array
    return wider
