"""Hints for the reader of a failure, derived from the journal."""

from __future__ import annotations

from collections.abc import Sequence

from .journal import Entry


def only_missing_buckets(entries: Sequence[Entry], buckets: Sequence[str]) -> str:
    """Return what to do if every response was NoSuchBucket because the test only declares *buckets*."""
    answered = [entry for entry in entries if entry.firing is None]
    if not answered or any(entry.error_code != "NoSuchBucket" for entry in answered):
        return ""
    asked = sorted({entry.call.bucket for entry in answered if entry.call.bucket})
    missing = " and ".join(f'@pytest.mark.s3_bucket("{bucket}")' for bucket in asked)
    there = ", ".join(map(repr, buckets)) or "none"
    return f"Every answer was NoSuchBucket. The test declares its buckets ({there}), so no other exists: add {missing}."
