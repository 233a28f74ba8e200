"""Only a 404 is missing; everything else is an error, unless the caller says otherwise."""

from __future__ import annotations

import contextlib
import logging

import pytest

from s3_asyncio_client.conditional import get_object_if_exists, handle_get_object, safe_head_object
from s3_asyncio_client.exceptions import (
    S3AccessDeniedError,
    S3ClientError,
    S3ConnectionError,
    S3Error,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ResponseError,
    S3ServerError,
    S3TimeoutError,
)

MISSING = [
    S3NotFoundError(),
    S3NotFoundError("x", 404, "NoSuchBucket"),
    S3NotFoundError("x", 404, "NoSuchVersion"),
]
NOT_MISSING = [
    S3AccessDeniedError(),
    S3InvalidRequestError(),
    S3ClientError("x", 405, "MethodNotAllowed"),
    S3ClientError("x", 412, "PreconditionFailed"),
    S3Error("x", 301, "PermanentRedirect"),
    S3ServerError("x", 503, "SlowDown"),
    S3ConnectionError("x"),
    S3TimeoutError("x"),
    S3ResponseError("x"),
]
FOUND = {"etag": "e", "body": b"data"}


class Client:
    """Answers HEAD and GET as told; exceptions are raised."""

    def __init__(self, head=FOUND, get=FOUND):
        self.outcomes = {"head": head, "get": get}
        self.asked = []

    def _answer(self, what, *where):
        self.asked.append((what, *where))
        if isinstance(self.outcomes[what], BaseException):
            raise self.outcomes[what]
        return self.outcomes[what]

    async def head_object(self, bucket, key):
        return self._answer("head", bucket, key)

    async def get_object(self, bucket, key):
        return self._answer("get", bucket, key)


async def test_what_is_there_is_described():
    """True, with what HEAD said; the object itself is not read."""
    client = Client()
    assert await safe_head_object(client, "bucket", "key") == (True, FOUND)
    assert client.asked == [("head", "bucket", "key")]


async def test_what_is_there_is_returned():
    """By a HEAD and then a GET without conditions, whose answer it is."""
    client = Client(head={"etag": "old"}, get={"etag": "new", "body": b"new"})
    assert await get_object_if_exists(client, "bucket", "key") == {"etag": "new", "body": b"new"}
    assert client.asked == [("head", "bucket", "key"), ("get", "bucket", "key")]
    assert await handle_get_object(client, "bucket", "key") == {"etag": "new", "body": b"new"}


@pytest.mark.parametrize("error", MISSING, ids=repr)
async def test_only_a_404_is_missing(error):
    """For all three functions; the object is not asked for when HEAD says that it is not there."""
    client = Client(head=error, get=error)
    assert await safe_head_object(client, "bucket", "key") == (False, None)
    assert await get_object_if_exists(client, "bucket", "key") is None
    assert [what for what, *_ in client.asked] == ["head", "head"]
    assert await handle_get_object(client, "bucket", "key") is None


@pytest.mark.parametrize("error", NOT_MISSING, ids=repr)
async def test_everything_else_is_raised_as_it_is(error):
    """A refusal or an outage says nothing about the object; who took it for missing would overwrite it."""
    client = Client(head=error, get=error)
    for function in (safe_head_object, get_object_if_exists, handle_get_object):
        with pytest.raises(S3Error) as caught:
            await function(client, "bucket", "key")
        assert caught.value is error
    with pytest.raises(S3Error) as caught:
        await get_object_if_exists(Client(get=error), "bucket", "key")
    assert caught.value is error


@pytest.mark.parametrize("error", NOT_MISSING, ids=repr)
async def test_the_lenient_form_takes_every_error_of_s3_for_missing(error, caplog):
    """At the HEAD and at the GET; each is logged, since it may be a lie."""
    with caplog.at_level(logging.WARNING):
        assert await safe_head_object(Client(head=error), "bucket", "key", lenient=True) == (False, None)
        assert await get_object_if_exists(Client(head=error), "bucket", "key", lenient=True) is None
        assert await get_object_if_exists(Client(get=error), "bucket", "key", lenient=True) is None
    assert [record.getMessage().split()[0] for record in caplog.records] == ["HeadObject", "HeadObject", "GetObject"]
    assert all("taken for missing" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("closed")], ids=repr)
async def test_the_lenient_form_does_not_hide_mistakes(error):
    """Only S3's errors are forgiven."""
    for function in (safe_head_object, get_object_if_exists):
        with pytest.raises(type(error)):
            await function(Client(head=error), "bucket", "key", lenient=True)


async def test_an_object_deleted_between_head_and_get_is_missing():
    """HEAD saw it, GET did not: it is not there."""
    assert await get_object_if_exists(Client(get=S3NotFoundError()), "bucket", "key") is None


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (S3NotFoundError(), logging.INFO),
        (S3NotFoundError("x", 404, "NoSuchBucket"), logging.WARNING),
        (S3ServerError("x", 503, "SlowDown"), logging.WARNING),
        (S3ConnectionError("x"), logging.WARNING),
        (S3ClientError("x", 429), logging.WARNING),
        (S3AccessDeniedError(), logging.ERROR),
        (S3ResponseError("x"), logging.ERROR),
    ],
    ids=repr,
)
async def test_failures_are_logged_by_how_much_they_matter(error, level, caplog):
    """A line each, which names the object and the error."""
    with caplog.at_level(logging.DEBUG, logger="s3_asyncio_client"), contextlib.suppress(S3Error):
        await handle_get_object(Client(get=error), "bucket", "key")
    (record,) = caplog.records
    assert record.levelno == level
    assert record.getMessage().startswith("GetObject bucket/key: ")
    assert str(error) in record.getMessage()


@pytest.mark.parametrize("function", [safe_head_object, get_object_if_exists, handle_get_object])
async def test_no_secret_is_logged(function, caplog):
    """Even if an error's text quotes one."""
    error = S3AccessDeniedError("no: https://h/b/k?X-Amz-Signature=abcdef0123&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE")
    options = {} if function is handle_get_object else {"lenient": True}
    with caplog.at_level(logging.DEBUG), contextlib.suppress(S3AccessDeniedError):
        await function(Client(head=error, get=error), "bucket", "key", **options)
    assert len(caplog.records) == 1
    assert "abcdef0123" not in caplog.text
    assert "AKIAIOSFODNN7EXAMPLE" not in caplog.text
