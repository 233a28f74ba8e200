"""Retrying under the markers: a marker, a call, an assertion, and the same at every layer."""

from __future__ import annotations

import hashlib

import pytest

from s3_asyncio_client import (
    RetryBudget,
    S3AccessDeniedError,
    S3ClientError,
    S3ConnectionError,
    S3NotFoundError,
    S3ServerError,
    retry_with_exponential_backoff,
    s3_retry,
)
from s3_asyncio_client.multipart import complete_multipart_upload, create_multipart_upload, upload_part

pytestmark = pytest.mark.parametrize(
    "layer",
    [
        pytest.param("client", marks=pytest.mark.s3_layer("client")),
        pytest.param("wire", marks=pytest.mark.s3_layer("wire")),
    ],
)


@pytest.mark.s3_fail(status=503, times=2)
async def test_an_upload_is_retried(layer, s3_client, s3_store):
    """Two failures and a success: the object is stored."""
    await retry_with_exponential_backoff(lambda: s3_client.put_object("bucket", "key", b"data"), base_delay=0)
    assert s3_store.get("bucket", "key").body == b"data"


@pytest.mark.parametrize("what", ["InternalError", "RequestTimeout", 429, 502, 504, "connection_reset", "disconnect"])
async def test_what_may_pass_is_retried(layer, what, s3_client, s3_errors):
    """Failures of S3, its throttling and time-outs, and broken connections."""
    s3_errors.fail(what, times=3)
    await retry_with_exponential_backoff(lambda: s3_client.put_object("bucket", "key", b"data"), base_delay=0)
    assert s3_errors.attempts(operation="PutObject") == 4


@pytest.mark.s3_fail("SlowDown")
async def test_four_attempts_are_all(layer, s3_client, s3_errors):
    """The last error is raised, with their number as a note."""
    with pytest.raises(S3ServerError) as caught:
        await retry_with_exponential_backoff(lambda: s3_client.put_object("bucket", "key", b"data"), base_delay=0)
    assert (s3_errors.attempts(), caught.value.__notes__) == (4, ["gave up after 4 attempts"])


@pytest.mark.s3_fail("AccessDenied")
async def test_a_refusal_is_not_retried(layer, s3_client, s3_errors):
    """One request, and the error at once."""
    with pytest.raises(S3AccessDeniedError):
        await retry_with_exponential_backoff(lambda: s3_client.get_object("bucket", "key"))
    assert s3_errors.attempts() == 1


@pytest.mark.s3_fail("truncated_body", times=1)
@pytest.mark.s3_object("bucket", "key", b"all of it")
async def test_a_decorated_read_is_retried(layer, s3_client, s3_errors):
    """A body that broke off is read again, whole."""

    @s3_retry(base_delay=0)
    async def read(key):
        return (await s3_client.get_object("bucket", key))["body"]

    assert await read("key") == b"all of it"
    assert s3_errors.attempts(operation="GetObject") == 2


@pytest.mark.s3_fail("SlowDown", retry_after=30)
async def test_the_servers_wish_is_held_to_the_deadline(layer, s3_client, s3_errors):
    """S3 asks for thirty seconds, the caller has five: no second request and no wait."""
    with pytest.raises(S3ServerError) as caught:
        await retry_with_exponential_backoff(lambda: s3_client.get_object("bucket", "key"), deadline=5)
    assert caught.value.__notes__ == ["gave up after 1 attempt: the next would begin after the deadline of 5 s"]
    assert s3_errors.attempts() == 1


@pytest.mark.s3_fail(503)
async def test_a_spent_budget_stops_the_storm(layer, s3_client, s3_errors):
    """Ten calls, and two retries among them all."""
    budget = RetryBudget(10)
    for number in range(10):
        with pytest.raises(S3ServerError):
            await retry_with_exponential_backoff(
                lambda key=str(number): s3_client.put_object("bucket", key, b""), base_delay=0, budget=budget
            )
    assert s3_errors.attempts() == 12


@pytest.mark.s3_fail("lost_response", operation="CompleteMultipartUpload", times=1)
async def test_completing_twice_is_safe_for_a_while(layer, s3_client, s3_errors, s3_store):
    """S3 did the work, and gives the repetition the answer that was lost."""
    upload = await create_multipart_upload(s3_client, "bucket", "big")
    part = await upload_part(s3_client, "bucket", "big", upload, 1, b"part")
    done = await retry_with_exponential_backoff(
        lambda: complete_multipart_upload(s3_client, "bucket", "big", upload, [part]), base_delay=0
    )
    assert done["etag"] == s3_store.get("bucket", "big").etag
    assert s3_errors.attempts(operation="CompleteMultipartUpload") == 2


@pytest.mark.s3_script("lost_response", "NoSuchUpload", operation="CompleteMultipartUpload")
async def test_completing_twice_finds_no_upload(layer, s3_client, s3_store):
    """Why it is not safe to repeat later: S3 did the work, and refuses the repetition although the object is there."""
    upload = await create_multipart_upload(s3_client, "bucket", "big")
    part = await upload_part(s3_client, "bucket", "big", upload, 1, b"part")
    with pytest.raises(S3NotFoundError, match="NoSuchUpload"):
        await retry_with_exponential_backoff(
            lambda: complete_multipart_upload(s3_client, "bucket", "big", upload, [part]), base_delay=0
        )
    assert s3_store.get("bucket", "big").body == b"part"


@pytest.mark.parametrize("fault", ["lost_response", "connection_reset"])
async def test_completing_with_a_look_before(layer, fault, s3_client, s3_errors, s3_store):
    """With a check it succeeds whether or not the first request did the work, and does it once."""
    s3_errors.fail(fault, operation="CompleteMultipartUpload", times=1)
    upload = await create_multipart_upload(s3_client, "bucket", "big")
    part = await upload_part(s3_client, "bucket", "big", upload, 1, b"part")
    done = await retry_with_exponential_backoff(
        lambda: complete_multipart_upload(s3_client, "bucket", "big", upload, [part]),
        base_delay=0,
        check_before_retry=lambda: s3_client.head_object("bucket", "big"),
    )
    assert done["etag"] == s3_store.get("bucket", "big").etag.strip('"')
    assert s3_errors.attempts(operation="CompleteMultipartUpload") == (1 if fault == "lost_response" else 2)


@pytest.mark.s3_fail("lost_response", operation="PutObject", times=1)
async def test_creating_twice_meets_the_own_object(layer, s3_client):
    """Why a conditional write is not safe to repeat: the 412 is about the caller's own object."""
    with pytest.raises(S3ClientError, match="PreconditionFailed"):
        await retry_with_exponential_backoff(
            lambda: s3_client.put_object("bucket", "lock", b"mine", if_none_match="*"), base_delay=0
        )


@pytest.mark.s3_fail("lost_response", operation="PutObject", times=1)
async def test_creating_with_a_look_before(layer, s3_client, s3_errors):
    """The check compares the ETag, so that the object is known for the caller's own."""

    async def mine():
        found = await s3_client.head_object("bucket", "lock")
        return found if found["etag"] == hashlib.md5(b"mine").hexdigest() else None

    await retry_with_exponential_backoff(
        lambda: s3_client.put_object("bucket", "lock", b"mine", if_none_match="*"),
        base_delay=0,
        check_before_retry=mine,
    )
    assert s3_errors.attempts(operation="PutObject") == 1


@pytest.mark.s3_fail("connection_reset", operation="PutObject", times=1)
@pytest.mark.s3_object("bucket", "lock", b"another's")
async def test_creating_what_another_has_is_refused(layer, s3_client, s3_store):
    """The check does not take another's object for the caller's: S3 decides, and refuses."""

    @s3_retry(base_delay=0, check_before_retry=lambda body: _same(s3_client, body))
    async def create(body):
        return await s3_client.put_object("bucket", "lock", body, if_none_match="*")

    with pytest.raises(S3ClientError, match="PreconditionFailed"):
        await create(b"mine")
    assert s3_store.get("bucket", "lock").body == b"another's"


async def _same(client, body):
    found = await client.head_object("bucket", "lock")
    return found if found["etag"] == hashlib.md5(body).hexdigest() else None


@pytest.mark.s3_fail("disconnect", operation="PutObject")
@pytest.mark.s3_fail("AccessDenied", operation="HeadObject")
async def test_a_look_that_is_forbidden_ends_the_matter(layer, s3_client, s3_errors):
    """Nothing is repeated on a guess."""
    with pytest.raises(S3AccessDeniedError):
        await retry_with_exponential_backoff(
            lambda: s3_client.put_object("bucket", "key", b""),
            base_delay=0,
            check_before_retry=lambda: s3_client.head_object("bucket", "key"),
        )
    assert s3_errors.attempts(operation="PutObject") == 1


@pytest.mark.s3_fail("disconnect")
async def test_a_broken_connection_is_the_error_in_the_end(layer, s3_client):
    """No exception of aiohttp's, at either layer."""
    with pytest.raises(S3ConnectionError) as caught:
        await retry_with_exponential_backoff(lambda: s3_client.get_object("bucket", "key"), 1, base_delay=0)
    assert caught.value.__notes__ == ["gave up after 2 attempts"]
