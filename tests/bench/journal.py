"""Bytes of memory that a faulted request leaves behind until its test is over, at each layer."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from contextlib import suppress

from pytest_s3errors._core.rules.parse_limits import Limits
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._test.lifetime import Run
from pytest_s3errors._test.plan import Plan
from s3_asyncio_client import S3Client, S3ServerError

from .requests import SETTINGS

LAYERS = ("client", "mock", "wire")
KEYS = ("the same key", "a new key each time")


def measure(*, requests: int) -> dict[str, dict[str, float]]:
    """Bytes per request by layer and by whether the key is a new one."""
    return {layer: {keys: _bytes(layer, keys, requests) for keys in KEYS} for layer in LAYERS}


def _bytes(layer: str, keys: str, requests: int) -> float:
    limits = Limits(requests=2 * requests, alike=2 * requests)
    run = Run(Plan(rules=(fail_rule((503,), {}),), layer=layer, limits=limits), SETTINGS, test="bench")
    run.start()
    run.simulator.armed = True
    try:
        return asyncio.run(_left(keys, requests))
    finally:
        run.stop()


async def _left(keys: str, requests: int) -> float:
    async with S3Client("AKIDEXAMPLE", "secret") as client:

        async def failing_put(key: str) -> None:
            with suppress(S3ServerError):
                await client.put_object("bucket", key, b"data")
                raise AssertionError("the request was to fail")

        await failing_put("key")
        tracemalloc.start()
        try:
            for number in range(requests):
                await failing_put("key" if keys == KEYS[0] else f"key-{number}")
            gc.collect()
            return tracemalloc.get_traced_memory()[0] / requests
        finally:
            tracemalloc.stop()
