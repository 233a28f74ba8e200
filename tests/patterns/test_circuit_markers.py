"""The circuit breaker under the markers: the same at every layer, with a clock of the test's own."""

from __future__ import annotations

import contextlib

import pytest

from s3_asyncio_client import (
    CircuitBreaker,
    CircuitOpenError,
    CircuitRegistry,
    CircuitState,
    RobustS3Client,
    S3Client,
    S3NotFoundError,
    S3ServerError,
    S3TimeoutError,
)

pytestmark = pytest.mark.parametrize(
    "layer",
    [
        pytest.param("client", marks=pytest.mark.s3_layer("client")),
        pytest.param("wire", marks=pytest.mark.s3_layer("wire")),
    ],
)


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.s3_fail(503, times=3)
@pytest.mark.s3_object("bucket", "key", b"data")
async def test_a_breaker_goes_its_whole_way(layer, s3_client, s3_errors):
    """Three failures open it, nothing is asked while open, a probe closes it."""
    clock, states = Clock(), ["closed"]
    breaker = CircuitBreaker(failure_threshold=3, timeout=30, clock=clock)
    breaker.add_listener(lambda _, old, new: states.append(new.value))
    for _ in range(3):
        with pytest.raises(S3ServerError):
            await breaker.call(lambda: s3_client.get_object("bucket", "key"))
    with pytest.raises(CircuitOpenError):
        await breaker.call(lambda: s3_client.get_object("bucket", "key"))
    assert s3_errors.attempts() == 3
    clock.now += 30
    assert (await breaker.call(lambda: s3_client.get_object("bucket", "key")))["body"] == b"data"
    assert states == ["closed", "open", "half_open", "closed"]


@pytest.mark.s3_fail("SlowDown", times=2)
async def test_a_failed_probe_opens_it_again(layer, s3_client, s3_errors):
    """One request for the whole timeout, however many are asked for."""
    clock = Clock()
    breaker = CircuitBreaker(failure_threshold=1, timeout=30, clock=clock)
    for _ in range(60):
        with contextlib.suppress(S3ServerError, CircuitOpenError):
            await breaker.call(lambda: s3_client.put_object("bucket", "key", b""))
        clock.now += 1
    assert s3_errors.attempts() == 2
    assert breaker.state is CircuitState.OPEN


@pytest.mark.s3_bucket("bucket")
async def test_what_is_missing_opens_nothing(layer, s3_client):
    """A 404 is an answer."""
    breaker = CircuitBreaker(failure_threshold=1)
    with pytest.raises(S3NotFoundError):
        await breaker.call(lambda: s3_client.get_object("bucket", "missing"))
    assert breaker.state is CircuitState.CLOSED


@pytest.mark.s3_fail("stall", times=1)
@pytest.mark.s3_object("bucket", "key", b"data")
async def test_a_silent_s3_is_a_failure_if_it_is_expected(layer):
    """Time-outs count where the caller says so."""
    breaker = CircuitBreaker(failure_threshold=1, expected_exception=(S3ServerError, S3TimeoutError))
    async with S3Client("a", "b", timeout=0.05) as client:
        with pytest.raises(S3TimeoutError):
            await breaker.call(lambda: client.get_object("bucket", "key"))
    assert breaker.state is CircuitState.OPEN


@pytest.mark.s3_fail("ServiceUnavailable", endpoint="s3.eu-west-1.*")
async def test_one_region_down_leaves_the_other_up(layer, s3_client):
    """A registry has a breaker for each endpoint."""
    circuits = CircuitRegistry(failure_threshold=1)
    async with S3Client("a", "b", "eu-west-1") as far:
        for client in (far, s3_client):
            with contextlib.suppress(S3ServerError):
                await circuits.get(client.endpoint_url).call(lambda c=client: c.put_object("bucket", "key", b""))
    assert [breaker.state.value for breaker in circuits.breakers.values()] == ["open", "closed"]


@pytest.mark.s3_fail(500, times=3)
@pytest.mark.s3_object("bucket", "key", b"data")
async def test_a_robust_client_says_none_while_open(layer, s3_client, s3_errors):
    """Three failures, then None without a request."""
    robust = RobustS3Client(s3_client)
    for _ in range(3):
        with pytest.raises(S3ServerError):
            await robust.safe_get_object("bucket", "key")
    assert await robust.safe_get_object("bucket", "key") is None
    assert s3_errors.attempts() == 3


@pytest.mark.s3_fail("disconnect", times=1)
@pytest.mark.s3_object("bucket", "key", b"data")
async def test_a_robust_client_serves_again_after_the_timeout(layer, s3_client):
    """The object itself, once S3 is back."""
    clock = Clock()
    robust = RobustS3Client(s3_client, CircuitBreaker(1, 30, ConnectionError, clock=clock))
    with pytest.raises(ConnectionError):
        await robust.safe_get_object("bucket", "key")
    assert await robust.safe_get_object("bucket", "key") is None
    clock.now += 30
    assert (await robust.safe_get_object("bucket", "key"))["body"] == b"data"
