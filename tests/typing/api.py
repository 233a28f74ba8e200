"""What users may write, with its types. Type checkers read this file; nothing runs it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import BinaryIO, assert_type

import pytest

from pytest_s3errors import (
    ExpectationError,
    Record,
    RuleError,
    RuleHandle,
    S3Clock,
    S3Errors,
    S3Server,
    S3Store,
    SimulationError,
    StoredObject,
)


@pytest.mark.s3_fail("SlowDown", operation="PutObject", times=2)
def test_rules(s3_errors: S3Errors) -> None:
    with s3_errors.fail("SlowDown", operation=["Put*", "UploadPart"], times=3, after=1, every=2) as rule:
        assert_type(rule, RuleHandle)
        assert_type(rule.fired, int)
        assert_type(rule.remaining, int | None)
    s3_errors.fail(503, retry_after=1.5, headers={"X-Test": "1"}, body=b"<Error/>", probability=0.5, delay=2).cancel()
    s3_errors.fail(status=429, code="TooManyRequests", message="later", optional=True, times=None)
    s3_errors.fail("truncated_body", at=0.5, key="logs/*", bucket="data", header={"Range": "*"})
    s3_errors.fail("lost_response", as_="stall", part=2, method="PUT", endpoint="*.example")
    s3_errors.script(503, "SlowDown", "ok", operation="GetObject")
    s3_errors.outage(45, start=10, what=500, bucket="data")
    s3_errors.slow(first_byte=2.0, bytes_per_second=1000, operation="GetObject")


def test_the_journal(s3_errors: S3Errors) -> None:
    assert_type(s3_errors.requests, list[Record])
    assert_type(s3_errors.requests[0].status, int | None)
    assert_type(s3_errors.attempts(operation="PutObject", key="a"), int)
    assert_type(s3_errors.waits(), list[float])
    assert_type(s3_errors.timeline(), str)


def test_expectations(s3_errors: S3Errors) -> None:
    s3_errors.expect(attempts={"PutObject": 3}, backoff=[1, 2.0], jitter=0.2, elapsed=(0, 5.5), outcome=OSError)
    s3_errors.expect(outcome=(KeyError, OSError), circuit=["closed", "open"], stored={"b/k": b"x", "b/gone": None})
    s3_errors.expect(outcome="success", quiet=[(0, 30)], served_by="local_cache", max_in_flight=5, unfinished_uploads=0)


def test_the_store(s3_store: S3Store) -> None:
    put = s3_store.put(
        "data", "a", b"1", metadata={"who": "me"}, last_modified=datetime.now(UTC), storage_class="GLACIER"
    )
    assert_type(put, StoredObject)
    s3_store.put("data", "large", size=2**40, seed=1, tags={"kind": "dump"}, cache_control="no-cache")
    assert_type(s3_store.get("data", "a", version_id="null").body, bytes)
    assert_type(put.open(), BinaryIO)
    assert_type(put.sha256, str)
    assert_type(s3_store.keys("data", prefix="logs/"), list[str])
    assert_type(s3_store.unfinished_uploads[0].parts[1], int)


def test_the_rest(s3_server: S3Server, s3_clock: S3Clock) -> None:
    assert_type(s3_server.url, str)
    assert_type(s3_server.env, dict[str, str])
    assert_type(s3_clock.now, float)
    assert_type(s3_clock.sleeps, list[float])
    s3_clock.advance(30)


def raised() -> tuple[type[ValueError], type[BaseException], type[BaseException]]:
    return RuleError, SimulationError, ExpectationError
