"""Reading what may not be there, under markers: the same at the `client` and the `wire` layer."""

from __future__ import annotations

import asyncio

import pytest

from s3_asyncio_client.conditional import get_object_if_exists, handle_get_object, safe_head_object
from s3_asyncio_client.exceptions import S3AccessDeniedError, S3ConnectionError, S3ServerError

pytestmark = [
    pytest.mark.parametrize(
        "layer",
        [
            pytest.param("client", marks=pytest.mark.s3_layer("client")),
            pytest.param("wire", marks=pytest.mark.s3_layer("wire")),
        ],
    ),
    pytest.mark.s3_object("data", "a", b"there"),
]

NOT_MISSING = {403: S3AccessDeniedError, 503: S3ServerError, "connection_reset": S3ConnectionError}
FAULTS = [pytest.param(error, marks=pytest.mark.s3_fail(what), id=str(what)) for what, error in NOT_MISSING.items()]


async def test_what_is_there(layer, s3_client, s3_errors):
    """Described, returned, returned."""
    exists, described = await safe_head_object(s3_client, "data", "a")
    assert (exists, described["content_length"]) == (True, 5)
    assert (await get_object_if_exists(s3_client, "data", "a"))["body"] == b"there"
    assert (await handle_get_object(s3_client, "data", "a"))["body"] == b"there"
    assert [record.operation for record in s3_errors.requests] == ["HeadObject"] * 2 + ["GetObject"] * 2


async def test_what_is_not_there(layer, s3_client, s3_errors):
    """An answer, no error; one request each."""
    assert await safe_head_object(s3_client, "data", "b") == (False, None)
    assert await get_object_if_exists(s3_client, "data", "b") is None
    assert await handle_get_object(s3_client, "data", "b") is None
    assert s3_errors.attempts() == 3


@pytest.mark.parametrize("error", FAULTS)
@pytest.mark.parametrize("function", [safe_head_object, get_object_if_exists, handle_get_object])
async def test_a_failure_is_not_a_missing_object(layer, s3_client, function, error):
    """It raises: a caller that writes what is missing would overwrite what is there."""
    with pytest.raises(error):
        await function(s3_client, "data", "a")


@pytest.mark.parametrize("error", FAULTS)
async def test_the_lenient_form_takes_it_for_missing(layer, s3_client, error):
    """For those who ask for it."""
    assert await safe_head_object(s3_client, "data", "a", lenient=True) == (False, None)
    assert await get_object_if_exists(s3_client, "data", "a", lenient=True) is None


@pytest.mark.s3_fail("AccessDenied", operation="GetObject")
async def test_a_refusal_of_the_read_itself_is_raised(layer, s3_client):
    """The HEAD was allowed, the GET was not."""
    with pytest.raises(S3AccessDeniedError):
        await get_object_if_exists(s3_client, "data", "a")


@pytest.mark.s3_fail("NoSuchKey", operation="GetObject")
async def test_deleted_between_head_and_get(layer, s3_client):
    """It is not there any more."""
    assert await get_object_if_exists(s3_client, "data", "a") is None


async def test_replaced_between_head_and_get(layer, s3_client, s3_store):
    """Body, length and ETag are all those of the new object."""
    head = s3_client.head_object

    async def head_then_replaced(bucket, key):
        described = await head(bucket, key)
        s3_store.put("data", "a", b"another one")
        return described

    s3_client.head_object = head_then_replaced
    found = await get_object_if_exists(s3_client, "data", "a")
    assert (found["body"], found["content_length"]) == (b"another one", 11)
    assert found["etag"] == (await head("data", "a"))["etag"]


async def test_one_of_many_writers_wins(layer, s3_client, s3_store):
    """What to do instead of asking first: a conditional write lets one through, and the others learn of it."""
    bodies = [bytes([number]) for number in range(5)]
    writes = (s3_client.put_object("data", "new", body, if_none_match="*") for body in bodies)
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert sorted(getattr(result, "status_code", 200) for result in results) == [200, 412, 412, 412, 412]
    assert s3_store.get("data", "new").body in bodies
