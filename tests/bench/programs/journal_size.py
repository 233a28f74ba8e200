"""Bytes of memory that a faulted request leaves behind until its test is over, at each layer."""

from __future__ import annotations

import gc
import tracemalloc
from contextlib import suppress

import pytest
from turns import turns

from s3_asyncio_client import S3Client, S3ServerError


@pytest.mark.s3_fail(503)
@pytest.mark.parametrize("layer", [pytest.param(n, marks=pytest.mark.s3_layer(n)) for n in ("client", "mock", "wire")])
@pytest.mark.parametrize("keys", ["the same key", "a new key each time"])
async def test_size(layer, keys):
    figures: dict[str, float] = {}
    async with S3Client("AKIDEXAMPLE", "secret") as client:

        async def failing_put(key: str) -> None:
            with suppress(S3ServerError):
                await client.put_object("bucket", key, b"data")
                raise AssertionError("the request was to fail")

        await failing_put("key")
        for times in turns(f"{layer}, {keys}", figures):
            tracemalloc.start()
            try:
                for number in range(times):
                    await failing_put("key" if keys == "the same key" else f"key-{number}")
                gc.collect()
                figures["bytes"] = tracemalloc.get_traced_memory()[0] / times
            finally:
                tracemalloc.stop()
