"""Mistakes that type checkers have to find: a comment that turns out to be needless is an error of its own."""

from __future__ import annotations

from pytest_s3errors import S3Clock, S3Errors, S3Store


def misspelled_options(s3_errors: S3Errors, s3_store: S3Store) -> None:
    s3_errors.fail("SlowDown", tims=3)  # type: ignore[call-arg]
    s3_errors.script(503, operations="PutObject")  # type: ignore[call-arg]
    s3_errors.outage(45, begin=3)  # type: ignore[call-arg]
    s3_errors.slow(1.0, keys="a")  # type: ignore[call-arg]
    s3_errors.attempts(operatoin="PutObject")  # type: ignore[call-arg]
    s3_errors.waits(times=3)  # type: ignore[call-arg]
    s3_errors.expect(attempt=3)  # type: ignore[call-arg]
    s3_store.put("data", "a", b"1", contenttype="text/plain")  # type: ignore[call-arg]
    s3_store.get("data", "a", version="null")  # type: ignore[call-arg]


def wrong_types(s3_errors: S3Errors, s3_store: S3Store, s3_clock: S3Clock) -> None:
    s3_errors.fail("SlowDown", times="3")  # type: ignore[arg-type]
    s3_errors.fail(b"SlowDown")  # type: ignore[arg-type]
    s3_errors.fail(503, layer="client")  # type: ignore[call-arg]
    s3_errors.script(503, None)  # type: ignore[arg-type]
    s3_errors.outage("45")  # type: ignore[arg-type]
    s3_errors.slow(first_byte="1")  # type: ignore[arg-type]
    s3_errors.attempts(operation=3)  # type: ignore[arg-type]
    s3_errors.waits(part="1")  # type: ignore[arg-type]
    s3_errors.expect(outcome="failure")  # type: ignore[arg-type]
    s3_errors.expect(circuit=["shut"])  # type: ignore[list-item]
    s3_store.put("data", "a", "text")  # type: ignore[arg-type]
    s3_store.keys(3)  # type: ignore[arg-type]
    s3_clock.advance("30")  # type: ignore[arg-type]
