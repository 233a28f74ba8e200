"""A client behind a breaker."""

from __future__ import annotations

from unittest.mock import AsyncMock

import pytest

from s3_asyncio_client import (
    CircuitBreaker,
    CircuitOpenError,
    CircuitState,
    RobustS3Client,
    S3AccessDeniedError,
    S3Client,
    S3ConnectionError,
    S3NotFoundError,
    S3ServerError,
    S3TimeoutError,
)


def robust(*outcomes, **options):
    """Make a robust client whose get_object ends as told."""
    client = AsyncMock(spec=S3Client)
    client.get_object.side_effect = list(outcomes)
    return RobustS3Client(client, **options)


def test_the_default_breaker_is_as_promised():
    """Three failures, thirty seconds; a given breaker is used as it is."""
    client = S3Client("a", "b")
    breaker = RobustS3Client(client).circuit_breaker
    assert RobustS3Client(client).client is client
    assert (breaker.failure_threshold, breaker.timeout, breaker.state) == (3, 30.0, CircuitState.CLOSED)
    own = CircuitBreaker(1)
    assert RobustS3Client(client, own).circuit_breaker is own


async def test_an_object_is_returned_as_the_client_gives_it():
    """The result itself; options go through, and none is made up."""
    safe = robust({"body": b"1"}, {"body": b"2"})
    assert await safe.safe_get_object("b", "k") == {"body": b"1"}
    assert await safe.safe_get_object("b", "k", byte_range=(0, 1)) == {"body": b"2"}
    assert safe.client.get_object.await_args_list == [(("b", "k"), {}), (("b", "k"), {"byte_range": (0, 1)})]


@pytest.mark.parametrize("error", [S3ServerError("x", 503), S3ConnectionError("x"), S3TimeoutError("x")])
async def test_while_open_there_is_none_and_no_request(error):
    """Failures of S3 and of the network raise until there were three, then None comes at once."""
    safe = robust(error, error, error)
    for _ in range(3):
        with pytest.raises(type(error)):
            await safe.safe_get_object("b", "k")
    assert await safe.safe_get_object("b", "k") is None
    assert safe.client.get_object.await_count == 3


@pytest.mark.parametrize("error", [S3NotFoundError(), S3AccessDeniedError()])
async def test_an_answer_raises_and_opens_nothing(error):
    """None never stands for "missing" or "forbidden"."""
    safe = robust(*[error] * 5)
    for _ in range(5):
        with pytest.raises(type(error)):
            await safe.safe_get_object("b", "k")
    assert safe.circuit_breaker.state is CircuitState.CLOSED


async def test_other_calls_go_through_the_same_breaker():
    """They raise CircuitOpenError where safe_get_object says None."""
    safe = robust(S3ServerError("x", 503), circuit_breaker=CircuitBreaker(1))
    safe.client.put_object.return_value = {"etag": "1"}
    assert await safe.call(lambda: safe.client.put_object("b", "k", b"")) == {"etag": "1"}
    with pytest.raises(S3ServerError):
        await safe.safe_get_object("b", "k")
    with pytest.raises(CircuitOpenError):
        await safe.call(lambda: safe.client.put_object("b", "k", b""))
    assert safe.client.put_object.await_count == 1
