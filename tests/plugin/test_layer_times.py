"""Test time is the same at every layer: the client's timeouts decide, and the caller's."""

from __future__ import annotations

import pytest

SOURCE = """
    import aiohttp
    from s3_asyncio_client import S3Client, S3Error

    LAYERS = [pytest.param(layer, marks=pytest.mark.s3_layer(layer)) for layer in ("client", "mock", "wire")]

    CALLERS = {
        "default": (None, None),
        "total": (4.5, None),
        "a long total": (20, None),
        "read": (aiohttp.ClientTimeout(sock_read=7, connect=9), None),
        "connect": (aiohttp.ClientTimeout(connect=3, sock_read=100), None),
        "asyncio.timeout": (None, 2.5),
    }
    SEEN = {}

    @pytest.mark.parametrize("caller", CALLERS)
    @pytest.mark.parametrize("layer", LAYERS)
    @pytest.mark.s3_object("bucket", "key", bytes(40))
    async def test_it(layer, caller, s3_errors, s3_clock):
        timeout, patience = CALLERS[caller]
        await asyncio.sleep(0.25)  # aiohttp rounds long deadlines up to whole seconds
        FAULT
        async with S3Client("a", "b", timeout=timeout) as client:
            try:
                async with asyncio.timeout(patience):
                    outcome = len((await client.get_object("bucket", "key"))["body"])
            except (S3Error, TimeoutError) as error:
                outcome = type(error).__name__, str(error)
        now = outcome, s3_clock.now
        assert SEEN.setdefault(caller, now) == now
"""
FAULTS = {
    "a late error": "s3_errors.fail(503, delay=10)",
    "a late answer": "s3_errors.slow(first_byte=10)",
    "an answer at a rate": "s3_errors.slow(first_byte=1, bytes_per_second=4)",
    "an error at a rate": "s3_errors.slow(first_byte=1, bytes_per_second=25); s3_errors.fail(503)",
    "an answer too slow for a read": "s3_errors.slow(bytes_per_second=0.1)",
    "stall": 's3_errors.fail("stall")',
    "a late stall": 's3_errors.fail("stall", delay=30)',
    "stalled_body": 's3_errors.fail("stalled_body")',
    "slow_body": 's3_errors.fail("slow_body", bytes_per_second=8)',
    "connect_timeout": 's3_errors.fail("connect_timeout")',
    "an outage of stalls": 's3_errors.outage(15, what="stall")',
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_layer_takes_the_same_time(run, fault):
    """And ends in the same way, for each of the client's limits and for the caller's."""
    result = run(SOURCE.replace("FAULT", FAULTS[fault]))
    result.assert_outcomes(passed=18)


def test_a_reader_that_takes_its_time_is_not_later_for_the_rest(run):
    """The pieces of a slow body come all the while, and those that wait already are read at once."""
    result = run(
        """
        import time
        import httpx

        LAYERS = [pytest.param(layer, marks=pytest.mark.s3_layer(layer)) for layer in ("client", "mock", "wire")]
        URL = "https://b.s3.us-east-1.amazonaws.com/k"
        pytestmark = [pytest.mark.s3_object("b", "k", bytes(40)), pytest.mark.s3_slow(bytes_per_second=4)]

        @pytest.mark.parametrize("layer", LAYERS)
        async def test_client(layer, s3_client, s3_clock):
            response = await s3_client._make_request(method="GET", bucket="b", key="k")
            async for _ in response.iter_chunks():  # one piece each, as they came
                await asyncio.sleep(0.5)
            assert s3_clock.now == 0.25 + 40 * 0.5

        @pytest.mark.parametrize("layer", LAYERS[1:])
        @pytest.mark.parametrize("blocks", [False, True])
        async def test_aiohttp(layer, blocks, s3_clock):
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                async for _ in response.content.iter_any():
                    time.sleep(0.5) if blocks else await asyncio.sleep(0.5)
            assert s3_clock.now == 0.25 + 21 * 0.5

        @pytest.mark.parametrize("layer", LAYERS[1:])
        async def test_httpx(layer, s3_clock):
            async with httpx.AsyncClient() as client, client.stream("GET", URL) as response:
                async for _ in response.aiter_raw():
                    await asyncio.sleep(0.5)
            assert s3_clock.now == 0.25 + 21 * 0.5

        @pytest.mark.parametrize("layer", LAYERS[1:])
        def test_blocking_httpx(layer, s3_clock):
            with httpx.Client() as client, client.stream("GET", URL) as response:
                for _ in response.iter_raw():
                    time.sleep(0.5)
            assert s3_clock.now == 0.25 + 21 * 0.5
        """
    )
    result.assert_outcomes(passed=11)


def test_a_request_ends_with_its_body_at_every_layer(run):
    """So times, waits and requests at one time are the same; a body that takes no time ends with the headers."""
    result = run(
        """
        LAYERS = [pytest.param(layer, marks=pytest.mark.s3_layer(layer)) for layer in ("client", "mock", "wire")]
        pytestmark = [pytest.mark.s3_object("b", "k", bytes(200)), pytest.mark.parametrize("layer", LAYERS)]

        @pytest.mark.s3_slow(bytes_per_second=100)
        async def test_slow(layer, s3_client, s3_errors):
            await asyncio.gather(*(s3_client.get_object("b", "k") for _ in range(3)))
            assert [request.ended_s for request in s3_errors.requests] == [2.0] * 3
            s3_errors.expect(max_in_flight=3)

        @pytest.mark.s3_fail("stalled_body", times=1)
        @pytest.mark.s3_expect(backoff=[1.0])
        async def test_stalled(layer, s3_client):
            await retry_with_exponential_backoff(
                lambda: s3_client.get_object("b", "k"), jitter=False, retryable_exceptions=(S3Error,)
            )

        @pytest.mark.s3_slow(bytes_per_second=100)
        async def test_left(layer, s3_client, s3_errors):
            response = await s3_client._make_request(method="GET", bucket="b", key="k")
            await asyncio.sleep(0.5)
            assert s3_errors.requests[0].ended_s is None
            if layer == "mock":
                return  # aiohttp's response counts as closed there
            response.close()
            await asyncio.sleep(0)
            assert s3_errors.requests[0].ended_s == 0.5

        async def test_quick(layer, s3_client, s3_errors):
            await s3_client._make_request(method="GET", bucket="b", key="k")
            await asyncio.sleep(0)
            assert s3_errors.requests[0].ended_s == 0.0
        """
    )
    result.assert_outcomes(passed=12)


@pytest.mark.parametrize("layer", ["client", "mock", "wire"])
def test_without_a_limit_only_the_tests_ends_it(run, layer):
    """A client without a timeout hangs, and the test is red."""
    result = run(
        f"""
        import aiohttp
        from s3_asyncio_client import S3Client

        @pytest.mark.s3_layer({layer!r})
        @pytest.mark.s3_limits(silence=1)
        @pytest.mark.s3_fail("stall")
        async def test_it():
            async with S3Client("a", "b", timeout=aiohttp.ClientTimeout()) as client:
                await client.get_object("bucket", "key")
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*GetObject bucket/key*"])
