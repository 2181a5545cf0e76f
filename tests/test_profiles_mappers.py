"""Mapper profiles: the shipped ones, the user's files, and what can be wrong in them."""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.spec.profiles import find_profile, list_profiles, load_profile

# name: (algorithm, threads, timeout, victory, sync, search size), figures of the earlier harness.
EARLIER = {
    "long": ("hybrid", 12, 15000, 7500, 2500, 0),
    "timeloop": ("hybrid", 32, 1000, 500, 0, 0),
    "exhaustive": ("linear_pruned", 64, 2147483647, 0, 0, 0),
    "pim": ("hybrid", 12, 15000, 8000, 0, 0),
    "aimc": ("hybrid", 12, 15000, 800, 0, 0),
    "dimc": ("hybrid", 12, 750, 100, 0, 0),
    "random-100": ("random_pruned", 4, 10000, 10000, 0, 100),
    "random-2000": ("random_pruned", 4, 10000, 10000, 0, 2000),
}


@pytest.mark.parametrize("name", EARLIER)
def test_the_named_profiles_have_the_earlier_values(name):
    s = load_profile(name)
    values = (s.algorithm, s.threads, s.timeout, s.victory_condition, s.sync_interval, s.search_size)
    assert values == EARLIER[name]


def test_the_random_profiles_limit_permutations_and_loops():
    settings = load_profile("random-100")
    assert settings.metrics == ("edp",)
    assert settings.max_permutations_per_if_visit == 4
    assert settings.max_temporal_loops_in_a_mapping == 9


def test_every_profile_says_what_it_is_for():
    profiles = list_profiles()
    assert profiles[0].name == "default"
    assert {"default", "long", "exhaustive"} <= {p.name for p in profiles}
    assert all(p.description and "\n" not in p.description for p in profiles)


def test_default_is_the_profile_without_a_name_and_ends():
    settings = load_profile()
    assert settings == load_profile("DEFAULT")
    assert settings.metrics == ("edp", "delay", "energy")
    assert 0 < settings.victory_condition <= 5000
    assert settings.timeout > 0
    assert settings.template == "uber"
    assert settings == load_profile("optimal")
    assert (settings.algorithm, settings.time_limit) == ("optimal", 20.0)


def test_ruby_is_the_only_shipped_profile_with_imperfect_factors():
    assert [p.name for p in list_profiles() if p.settings.template == "ruby"] == ["ruby"]


def test_a_mapper_file_as_timeloop_users_have_it(tmp_path):
    path = tmp_path / "mapper.yaml"
    path.write_text(
        "mapper:\n  version: 0.4\n  optimization-metric: [edp, delay]\n  num-threads: 3\n"
        "  victory-condition: 9\n  live-status: false\nmapspace: {template: ruby}\n"
    )
    profile = find_profile(str(path))
    assert profile.name == "mapper"
    assert profile.settings.threads == 3
    assert profile.settings.victory_condition == 9
    assert profile.settings.metrics == ("edp", "delay")
    assert load_profile(path).template == "ruby"


BAD_FILES = {
    "unknown key": ("mapper: {victory: 3}\n", "bad.yaml:1: unknown key of the mapper 'victory'"),
    "misspelt key": (
        "mapper:\n  num_thread: 3\n",
        "bad.yaml:2: unknown key of the mapper 'num_thread' (did you mean 'num_threads'?)",
    ),
    "unknown section": (
        "mapper: {}\nmapspaces: {}\n",
        "bad.yaml:2: unknown key of a mapper file 'mapspaces' (did you mean 'mapspace'?)",
    ),
    "no mapper": ("description: nothing\n", "bad.yaml:1: a mapper file needs the key 'mapper'"),
    "description is a number": ("mapper: {}\ndescription: 7\n", "bad.yaml:2: 'description' must be a text"),
    "unknown algorithm": (
        "mapper:\n  algorithm: hybird\n",
        "bad.yaml:2: unknown search algorithm 'hybird' (did you mean 'hybrid'?)",
    ),
    "unknown template": (
        "mapper: {}\nmapspace: {template: rubi}\n",
        "bad.yaml:2: unknown map space template 'rubi' (did you mean 'ruby'?)",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_mapper_file_is_named_with_its_line(case, tmp_path):
    text, expected = BAD_FILES[case]
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(HarnessError) as caught:
        load_profile(path)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lnog", "unknown mapper profile 'lnog' (did you mean 'long'?)"),
        ("nowhere.yaml", "nowhere.yaml: no such mapper file"),
    ],
)
def test_an_unknown_profile_is_refused(name, expected):
    with pytest.raises(HarnessError) as caught:
        load_profile(name)
    assert expected in str(caught.value)
