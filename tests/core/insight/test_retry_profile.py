"""What a retry profile is held to."""

from __future__ import annotations

import dataclasses
import json

import pytest

from pytest_s3errors._core.insight.retry_profile import (
    MOST,
    PROBES,
    Profile,
    Specification,
    differences,
    specification_of,
)

WANTED = specification_of(
    "ours",
    {
        "attempts": 3,
        "retried": ["500", "SlowDown"],
        "base_s": {"transient": 0.5, "throttling": 4.0},
        "cap_s": 5.0,
        "retries": {"transient": 35},
    },
)
KEEPS = Profile(
    attempts={name: 3 if name in WANTED.retried else 1 for name in PROBES},
    waits_s={"transient": [[0.2, 0.9], [0.5, 0.1]], "throttling": [[4.0, 5.0], [1.0, 2.0]]},
    retries={"transient": 35, "throttling": None},
)


def changed(**values):
    """A client that does something else."""
    return dataclasses.replace(KEEPS, **values)


def test_who_keeps_to_it_differs_nowhere():
    """Waits are a share of their bound, which doubles up to the cap."""
    assert differences(KEEPS, WANTED, (0.5, 1.2)) == []


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        (changed(attempts={**KEEPS.attempts, "500": 4}), "500: wanted 3 attempts, saw 4 attempts"),
        (changed(attempts={**KEEPS.attempts, "429": 3}), "429: wanted 1 attempt, saw 3 attempts"),
        (changed(attempts={**KEEPS.attempts, "500": MOST + 1}), "500: wanted 3 attempts, saw more than 20 attempts"),
        (
            changed(waits_s={**KEEPS.waits_s, "transient": [[0.6, 0.9]]}),
            "wait 1, transient: wanted a share of 0.5 s, saw up to 0.600 s in 1 calls",
        ),
        (
            changed(waits_s={**KEEPS.waits_s, "throttling": [[4.0, 1.0]]}),
            "wait 2, throttling: wanted a share of 5 s, saw up to 1.000 s in 1 calls",
        ),
        (changed(retries={"transient": 100}), "retries, transient: wanted 35 retries, saw 100 retries"),
        (changed(retries={"transient": None}), "retries, transient: wanted 35 retries, saw no limit"),
    ],
)
def test_each_difference_names_its_probe(profile, told):
    """And nothing else."""
    assert [str(difference) for difference in differences(profile, WANTED)] == [told]


@pytest.mark.parametrize("patience", [(0.7, 2), (0.5, 1)])
def test_patience_has_two_ends(patience):
    """The least patient call counts for one, the most patient for the other."""
    found = differences(KEEPS, WANTED, patience)
    assert [difference.probe for difference in found] == ["outlasts an outage of"]


def test_a_profile_is_one_screen_and_json():
    """Each probe has its line, and the JSON holds all of it."""
    lines = str(KEEPS).splitlines()
    assert [line.split()[0] for line in lines[: len(PROBES)]] == list(PROBES)
    assert "35 retries" in str(KEEPS)
    assert json.loads(KEEPS.to_json())["attempts"] == KEEPS.attempts


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"attempts": 3}, "retried"),
        ({"attempts": 3, "retried": ["5000"]}, "names no probe with 5000"),
        ({"attempts": 3, "retried": [], "base": {}}, "base"),
    ],
)
def test_a_wrong_specification_is_told(table, says):
    """With its name."""
    with pytest.raises(ValueError, match=f"specification 'mine'.*{says}"):
        specification_of("mine", table)


def test_none_is_what_makes_one_request():
    """The default of everything else."""
    once = changed(attempts=dict.fromkeys(PROBES, 1), waits_s={"transient": [[]], "throttling": [[]]}, retries={})
    assert differences(once, Specification(name="none", attempts=1, retried=frozenset())) == []
