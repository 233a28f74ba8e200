"""A retry profile as figures and as JSON."""

from __future__ import annotations

import json

import pytest

from pytest_s3errors._core.insight.retry_profile import CLASSES, HEADERS, LOST, MOST, PROBES, QUOTAS, Lost, Profile
from pytest_s3errors._core.insight.retry_profile import attempts_text as text

SEEN = Profile(
    attempts={"500": 3},
    waits_s={"transient": [[0.25, 0.5], [0.5, 1.0]], "throttling": [[2.0, 4.0]]},
    retries={"transient": 35, "throttling": None},
    lost={"lost_write": Lost(2, returned=True)},
)


def test_an_outage_is_outlasted_by_the_sum_of_the_waits():
    """Of the least patient call and of the most patient one; the share is that of the calls seen."""
    assert SEEN.outlasts_s == (0.75, 1.5)
    assert [SEEN.share_outlasting(seconds) for seconds in (0.75, 0.76, 1.5, 1.51)] == [1.0, 0.5, 0.5, 0.0]
    assert SEEN.share_outlasting(5.9, "throttling") == 1.0


def test_the_json_names_every_probe():
    """Null for one that was not made, which is something else than no limit."""
    values = json.loads(SEEN.to_json())
    assert values["attempts"] == {name: 3 if name == "500" else None for name in PROBES}
    assert values["header_waits_s"] == dict.fromkeys(HEADERS)
    assert values["retries"] == {"transient": 35, "throttling": "no limit", "timeout": None}
    assert set(values["retries"]) == set(QUOTAS)
    assert values["lost"] == {**dict.fromkeys(LOST), "lost_write": {"attempts": 2, "returned": True}}
    assert values["waits_s"] == {name: SEEN.waits_s[name] for name in CLASSES}
    assert (values["refill"], values["refills_with_time"]) == (None, None)
    assert values["outlasts_s"] == {"low": 0.75, "high": 1.5}


def test_the_names_of_the_probes_stay():
    """Whoever keeps the JSON compares it with that of next year."""
    assert list(PROBES) == [
        *("500", "502", "503", "504", "408", "429", "509", "400", "403", "404", "412"),
        *("InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "RequestTimeTooSkewed", "ExpiredToken"),
        *("BadDigest", "OperationAborted", "ConditionalRequestConflict"),
        *("reset", "disconnect", "stall", "dns", "connect_timeout", "truncated_body", "error_in_200"),
    ]
    amz = ("0", "1500", "10000", "-1", "soon")
    assert list(HEADERS) == ["retry_after_5", *(f"x_amz_retry_after_{value}" for value in amz)]


@pytest.mark.parametrize(
    ("count", "says"), [(1, "1 attempt"), (2, "2 attempts"), (MOST, "20 attempts"), (MOST + 1, "more than 20 attempts")]
)
def test_attempts_as_words(count, says):
    """What goes on has no limit that we know."""
    assert text(count) == says
