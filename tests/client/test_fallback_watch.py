"""Who answers reads, told to whoever watches."""

from __future__ import annotations

import pytest

from s3_asyncio_client import S3NotFoundError, S3ServerError, S3WithFallback
from s3_asyncio_client.fallback import watch_fallbacks


class Reader:
    """A client that has the object, or raises."""

    def __init__(self, error=None):
        self._error = error

    async def get_object(self, bucket, key):
        if self._error is not None:
            raise self._error
        return {"body": b"1"}


DOWN = S3ServerError("down", 503, "ServiceUnavailable")


async def test_every_source_is_told_and_nothing_after_the_end(tmp_path):
    """In order, from any S3WithFallback; a read that nobody answers is none."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "k").write_bytes(b"old")
    told = []
    end = watch_fallbacks(lambda *args: told.append(args))
    await S3WithFallback(Reader()).get_object_with_fallback("b", "k")
    await S3WithFallback(Reader(DOWN), Reader()).get_object_with_fallback("b", "k")
    await S3WithFallback(Reader(DOWN), None, tmp_path).get_object_with_fallback("b", "k")
    with pytest.raises(S3NotFoundError):
        await S3WithFallback(Reader(DOWN)).get_object_with_fallback("b", "k")
    end()
    end()
    await S3WithFallback(Reader()).get_object_with_fallback("b", "k")
    assert told == [("primary", "b", "k"), ("fallback", "b", "k"), ("local_cache", "b", "k")]
