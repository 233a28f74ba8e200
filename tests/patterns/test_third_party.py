"""Retry and breaker libraries of others under the markers: nothing in them knows that S3 is simulated."""

from __future__ import annotations

import asyncio
import time

import purgatory
import pytest
import stamina
import tenacity
from purgatory.domain.model import OpenedState

from s3_asyncio_client import (
    S3AccessDeniedError,
    S3ClientError,
    S3Error,
    S3ServerError,
)

LATER = {408, 429}


@pytest.fixture(
    autouse=True,
    params=[
        pytest.param("client", marks=pytest.mark.s3_layer("client")),
        pytest.param("wire", marks=pytest.mark.s3_layer("wire")),
    ],
)
def layer(request):
    return request.param


def may_pass(error: BaseException) -> bool:
    """Whether another attempt may go better, as the pages of the docs spell it."""
    if isinstance(error, S3ServerError | ConnectionError | TimeoutError):
        return True
    return isinstance(error, S3ClientError) and (error.status_code in LATER or error.error_code == "RequestTimeout")


# tenacity

tenacious = tenacity.retry(
    retry=tenacity.retry_if_exception(may_pass),
    stop=tenacity.stop_after_attempt(4),
    wait=tenacity.wait_none(),
    reraise=True,
)


@pytest.mark.s3_script(503, "connection_reset", "RequestTimeout", "ok", operation="PutObject")
async def test_tenacity_repeats_what_may_pass(s3_client, s3_errors, s3_store):
    """Three failures of three kinds, then the bytes are stored."""
    await tenacious(s3_client.put_object)("data", "a", b"1")
    assert s3_errors.attempts(operation="PutObject") == 4
    assert s3_store.get("data", "a").body == b"1"


@pytest.mark.s3_fail("AccessDenied", times=1)
async def test_tenacity_does_not_repeat_a_refusal(s3_client, s3_errors):
    """A 403 is raised at once, as itself."""
    with pytest.raises(S3AccessDeniedError):
        await tenacious(s3_client.put_object)("data", "a", b"1")
    assert s3_errors.attempts() == 1


@pytest.mark.s3_fail("SlowDown")
async def test_tenacity_gives_up_with_the_last_error(s3_client, s3_errors):
    """With reraise=True no RetryError stands in the way of `except S3ServerError`."""
    with pytest.raises(S3ServerError):
        await tenacious(s3_client.put_object)("data", "a", b"1")
    assert s3_errors.attempts() == 4


@pytest.mark.s3_fail("SlowDown", retry_after=7, times=1)
async def test_tenacity_can_wait_as_long_as_s3_asks(s3_client):
    """`retry_after` of the error is there for a wait function."""
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    def as_asked(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception()
        return getattr(error, "retry_after", None) or 1.0

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(may_pass), wait=as_asked, stop=tenacity.stop_after_attempt(2), sleep=sleep
    )
    await retrying(s3_client.put_object, "data", "a", b"1")
    assert waited == [7.0]


# stamina


@pytest.fixture
def without_pauses():
    with stamina.set_testing(testing=True, attempts=4):
        yield


@stamina.retry(on=may_pass, attempts=4)
async def store(client, body: bytes) -> None:
    await client.put_object("data", "a", body)


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.s3_script(503, "disconnect", "SlowDown", "ok", operation="PutObject")
async def test_stamina_repeats_what_may_pass(s3_client, s3_errors, s3_store):
    """Three failures, then the bytes are stored."""
    await store(s3_client, b"1")
    assert s3_errors.attempts(operation="PutObject") == 4
    assert s3_store.get("data", "a").body == b"1"


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.s3_fail("AccessDenied", times=1)
async def test_stamina_does_not_repeat_a_refusal(s3_client, s3_errors):
    """A 403 is raised at once."""
    with pytest.raises(S3AccessDeniedError):
        await store(s3_client, b"1")
    assert s3_errors.attempts() == 1


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.s3_fail("lost_response", operation="PutObject", times=1)
async def test_stamina_stores_once_more_what_was_stored(s3_client, s3_errors, s3_store):
    """A lost answer to an unconditional write is repeated without harm."""
    await store(s3_client, b"1")
    assert s3_errors.attempts() == 2
    assert s3_store.keys("data") == ["a"]


# purgatory


@pytest.fixture
def breakers():
    """Breakers that open at the third failure; S3's own answers, and a cancellation, are none."""
    return purgatory.AsyncCircuitBreakerFactory(
        default_threshold=3, default_ttl=30, exclude=[S3ClientError, asyncio.CancelledError]
    )


async def read(client, breakers):
    async with await breakers.get_breaker("s3"):
        return await client.get_object("data", "a")


async def outcomes(client, breakers, calls: int) -> list[str]:
    told = []
    for _ in range(calls):
        try:
            await read(client, breakers)
        except (S3Error, OpenedState) as error:
            told.append(type(error).__name__)
        else:
            told.append("ok")
    return told


@pytest.mark.s3_fail(503)
async def test_purgatory_opens_after_its_threshold(s3_client, s3_errors, breakers):
    """Two more reads fail without a request."""
    assert await outcomes(s3_client, breakers, 5) == ["S3ServerError"] * 3 + ["OpenedState"] * 2
    assert s3_errors.attempts() == 3


@pytest.mark.s3_object("data", "a", b"1")
@pytest.mark.s3_fail(503, times=3)
async def test_purgatory_closes_after_its_time(s3_client, s3_errors, breakers, monkeypatch):
    """When the time is over a read goes through, and closes it."""
    assert await outcomes(s3_client, breakers, 4) == ["S3ServerError"] * 3 + ["OpenedState"]
    later_s = time.time() + 31
    monkeypatch.setattr(time, "time", lambda: later_s)  # it reads the wall clock
    assert await outcomes(s3_client, breakers, 2) == ["ok", "ok"]
    assert s3_errors.attempts() == 5


@pytest.mark.s3_bucket("data")
async def test_purgatory_does_not_open_for_an_answer(s3_client, breakers):
    """Missing keys say nothing about the health of S3."""
    assert await outcomes(s3_client, breakers, 5) == ["S3NotFoundError"] * 5
