"""What a retry profile is held to."""

from __future__ import annotations

import dataclasses

import pytest

from pytest_s3errors._core.insight.retry_profile import HEADERS, LOST, MOST, PROBES, Lost, Profile
from pytest_s3errors._core.insight.retry_rules import (
    Specification,
    differences,
    judged,
    report,
    specification_of,
    wrong_by_chance,
)

WANTED = specification_of(
    "ours",
    {
        "attempts": 3,
        "retried": ["500", "SlowDown", "reset"],
        "base_s": {"transient": 0.5, "throttling": 4.0},
        "cap_s": 5.0,
        "retries": {"transient": 35},
        "refill": 4,
        "x_amz_retry_after": True,
        "repeats": ["lost_write"],
    },
)
HEADER_WAITS = dict.fromkeys(HEADERS, 0.1) | {"x_amz_retry_after_1500": 1.5, "x_amz_retry_after_10000": 5.3}
KEEPS = Profile(
    attempts={name: 3 if name in WANTED.retried else 1 for name in PROBES},
    waits_s={"transient": [[0.2, 0.9], [0.5, 0.1]], "throttling": [[4.0, 4.9], [1.0, 2.0]]},
    header_waits_s=HEADER_WAITS,
    retries={"transient": 35, "throttling": None},
    refill=4,
    refills_with_time=False,
    lost={"lost_write": Lost(2, returned=True), "lost_create": Lost(1, returned=False)},
)


def changed(**values):
    """A client that does something else."""
    return dataclasses.replace(KEEPS, **values)


def waiting(**waits):
    return changed(waits_s={**KEEPS.waits_s, **waits})


def headed(**waits):
    return changed(header_waits_s=HEADER_WAITS | waits)


def attempting(**attempts):
    return changed(attempts={**KEEPS.attempts, **attempts})


def test_who_keeps_to_it_differs_nowhere():
    """Waits are a share of their bound, which doubles up to the cap."""
    assert differences(KEEPS, WANTED, (0.5, 1.2)) == []


def test_waits_of_real_time_are_not_exact():
    """A program starts late after its wait; that is no other rule. More than the slack is."""
    late = {"transient": [[0.52, 1.03]], "throttling": [[4.03, 4.8]]}
    header_waits = HEADER_WAITS | {"retry_after_5": 4.04}
    profile = changed(waits_s=late, header_waits_s=header_waits, slack_s=0.05)
    assert differences(profile, WANTED) == []
    assert [line.probe for line in differences(dataclasses.replace(profile, slack_s=0.01), WANTED)] == [
        "waits, transient",
        "waits, throttling",
        "retry_after_5",
    ]


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        (attempting(**{"500": 4}), "500: wanted 3 attempts, saw 4 attempts"),
        (attempting(**{"429": 3}), "429: wanted 1 attempt, saw 3 attempts"),
        (attempting(**{"500": MOST + 1}), "500: wanted 3 attempts, saw more than 20 attempts"),
        (
            waiting(transient=[[0.6, 0.9]]),
            "waits, transient: wanted shares of 0.5, 1 s, saw up to 0.600, 0.900 s in 1 calls",
        ),
        (
            waiting(throttling=[[4.0, 1.0]]),
            "waits, throttling: wanted shares of 4, 5 s, saw up to 4.000, 1.000 s in 1 calls",
        ),
        (
            waiting(throttling=[[4.0, 5.0], [3.0, 5.0]]),
            "waits, throttling: wanted shares of up to 5 s, saw 2 waits of 5 s",
        ),
        (headed(x_amz_retry_after_1500=0.2), "x_amz_retry_after_1500: wanted 1.5 to 1.5 s, saw a wait of 0.200 s"),
        (headed(x_amz_retry_after_10000=10.0), "x_amz_retry_after_10000: wanted 5 to 5.5 s, saw a wait of 10.000 s"),
        (headed(retry_after_5=5.0), "retry_after_5: wanted at most 4 s: the header is ignored, saw a wait of 5.000 s"),
        (changed(retries={"transient": 100}), "retries, transient: wanted 35 retries, saw 100 retries (a cost of 5)"),
        (changed(retries={"transient": None}), "retries, transient: wanted 35 retries, saw no limit"),
        (changed(refill=0), "refill by successes: wanted 4 successes for a retry, saw no success brings a retry"),
        (changed(refills_with_time=True), "refill by an hour: wanted no, saw yes"),
        (changed(lost={"lost_write": Lost(1, returned=False)}), "lost_write: wanted 2 attempts, saw 1 attempt, raised"),
        (
            changed(lost={"lost_create": Lost(2, returned=True)}),
            "lost_create: wanted 1 attempt, saw 2 attempts, returned",
        ),
    ],
)
def test_each_difference_names_its_probe(profile, told):
    """And nothing else."""
    assert [str(difference) for difference in differences(profile, WANTED)] == [told]


def test_whose_rules_they_are_is_told():
    """Where another specification asks for what was seen."""
    other = dataclasses.replace(WANTED, name="aws-standard-2.0", retries={"transient": 100})
    (found,) = differences(changed(retries={"transient": 100}), WANTED, known=[WANTED, other])
    assert str(found) == "retries, transient: wanted 35 retries, saw 100 retries (a cost of 5: the 2.0 rules)"


def test_a_header_is_judged_where_there_is_a_retry():
    """None says nothing of a header, neither do waits that nobody specified."""
    assert differences(headed(x_amz_retry_after_1500=None), WANTED) == []
    free = dataclasses.replace(WANTED, base_s={})
    assert differences(headed(retry_after_5=77.0), free) == []
    keeps = dataclasses.replace(WANTED, retry_after=True)
    assert [line.probe for line in differences(KEEPS, keeps)] == ["retry_after_5"]
    assert differences(headed(retry_after_5=5.0), keeps) == []


@pytest.mark.parametrize("patience", [(0.7, 2), (0.5, 1)])
def test_patience_has_two_ends(patience):
    """The least patient call counts for one, the most patient for the other; a specification may say them too."""
    found = differences(KEEPS, WANTED, patience)
    assert [difference.probe for difference in found] == ["outlasts an outage of"]
    assert found == differences(KEEPS, dataclasses.replace(WANTED, lasts_s=patience))


def test_without_a_number_of_attempts_any_retry_will_do():
    """Of a client that has a deadline instead."""
    free = dataclasses.replace(WANTED, attempts=None)
    assert differences(attempting(**{"500": 9}), free) == []
    (found,) = differences(attempting(**{"500": 1}), free)
    assert str(found) == "500: wanted more than 1 attempt, saw 1 attempt"


def test_a_profile_is_one_screen():
    """Each probe has its line, with what was seen or what was wanted instead."""
    lines = report(changed(refill=7), WANTED, [])
    assert [line.split()[0] for line in lines[: len(PROBES)]] == list(PROBES)
    assert lines[0].split() == ["500", "3", "attempts", "ok"]
    (wrong,) = [line for line in lines if "differs" in line]
    assert wrong.split("differs: ")[1] == "wanted 4 successes for a retry, saw 7 successes for a retry"
    assert len(lines) <= 45
    assert [line.wanted for line in judged(changed(refill=7), None)] == [""] * len(lines)


def test_the_chance_of_a_wrong_verdict_is_known():
    """Of each wait it is that of n shares below a half."""
    assert wrong_by_chance(KEEPS) == 4 * 2**-2


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"attempts": 3}, "retried"),
        ({"attempts": 3, "retried": ["5000"]}, "names no probe with 5000"),
        ({"retried": [], "repeats": ["lost"]}, "names no probe with lost; there are lost_write"),
        ({"retried": [], "base_s": {"timeout": 1}}, "names no probe with timeout; there are transient, throttling"),
        ({"attempts": 3, "retried": [], "base": {}}, "no option 'base'; did you mean 'base_s'"),
        ({"retried": "500"}, "retried='500'.: allowed is a list of 500, 502"),
        ({"retried": [500]}, "names no probe with 500"),
        ({"retried": [["500"]]}, "names no probe with .'500'."),
        ({"retried": [], "attempts": "3"}, "attempts='3'.: allowed is a whole number from 1 up"),
        ({"retried": [], "base_s": 3}, "base_s=3.: allowed is a table by transient, throttling"),
        ({"retried": [], "base_s": {"transient": "1"}}, "base_s.transient='1'.: allowed is a number of seconds"),
        ({"retried": [], "retries": {"timeout": -1}}, "retries.timeout=-1.: allowed is a whole number from 1 up"),
        ({"retried": [], "cap_s": "x"}, "cap_s='x'.: allowed is a number of seconds"),
        ({"retried": [], "lasts_s": 5}, "lasts_s=5.: allowed is a pair of seconds"),
        ({"retried": [], "lasts_s": [5, 1]}, "the first number is the lower one"),
        ({"retried": [], "retry_after": "yes"}, "retry_after='yes'.: allowed are True and False"),
        (3, "is no table: .mine."),
    ],
)
def test_a_wrong_specification_is_told(table, says):
    """With its name."""
    with pytest.raises(ValueError, match=f"specification 'mine'.*{says}"):
        specification_of("mine", table)


def test_none_is_what_makes_one_request():
    """The default of everything else."""
    once = Profile(
        attempts=dict.fromkeys(PROBES, 1),
        waits_s={"transient": [[]], "throttling": [[]]},
        header_waits_s=dict.fromkeys(HEADERS),
        lost=dict.fromkeys(LOST, Lost(1, returned=False)),
    )
    assert differences(once, Specification(name="none", attempts=1, retried=frozenset())) == []
