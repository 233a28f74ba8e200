"""What is seen from the journal of a failure."""

from __future__ import annotations

from pytest_s3errors._core.report.hints import only_missing_buckets
from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.schedule import ArmedRule
from pytest_s3errors._core.s3.calls import parse_call


def came(bucket, code, *, by_rule=False):
    """Return a request to *bucket* that was answered with *code*."""
    call = parse_call(method="GET", target=f"/{bucket}/k", headers={"host": "s3.us-east-1.amazonaws.com"})
    entry = Entry(call, ArmedRule(fail_rule((503,), {})).take(call, float) if by_rule else None, 0.0)
    entry.error_code = code
    return entry


def test_no_bucket_was_there():
    """Those that were asked for have to be declared; what a rule answered does not count."""
    text = only_missing_buckets(
        [came("b", "NoSuchBucket"), came("a", "NoSuchBucket"), came("c", "x", by_rule=True)], []
    )
    assert text == (
        "Every answer was NoSuchBucket. The test declares its buckets (none), so no other exists:"
        ' add @pytest.mark.s3_bucket("a") and @pytest.mark.s3_bucket("b").'
    )


def test_a_bucket_was_there():
    """Then nothing is said; nor where nothing came."""
    assert only_missing_buckets([came("a", "NoSuchBucket"), came("b", None)], ["b"]) == ""
    assert only_missing_buckets([came("a", "SlowDown", by_rule=True)], ["b"]) == ""
    assert only_missing_buckets([], ["b"]) == ""
