"""Uploads in parts whose first or last answer is lost, at every layer."""

from __future__ import annotations

import io

import pytest

from s3_asyncio_client import S3ConnectionError, S3Error, TransferConfig
from s3_asyncio_client.multipart import MIN_PART_SIZE, create_multipart_upload

BODY = bytes(range(256)) * (MIN_PART_SIZE // 256) + b"the second part"
SPLIT = TransferConfig(multipart_threshold=1, multipart_chunksize=MIN_PART_SIZE)
LAYERS = [pytest.param(layer, marks=pytest.mark.s3_layer(layer)) for layer in ("client", "mock", "wire")]
ANSWERS = ["lost_response", "malformed_xml", "empty_body"]
every_layer = pytest.mark.parametrize("layer", LAYERS)


async def upload(client):
    return await client.upload_file("bucket", "key", io.BytesIO(BODY), SPLIT)


@every_layer
@pytest.mark.s3_fail("lost_response", operation="CreateMultipartUpload", times=1)
@pytest.mark.s3_expect(unfinished_uploads=0, attempts={"CreateMultipartUpload": 1, "ListMultipartUploads": 1})
async def test_an_upload_whose_beginning_was_lost_is_found_and_used(layer, s3_client, s3_store):
    """No second one is begun."""
    await upload(s3_client)
    assert s3_store.get("bucket", "key").body == BODY


@every_layer
@pytest.mark.s3_fail("lost_response", as_="InternalError", operation="CreateMultipartUpload", times=1)
@pytest.mark.s3_expect(unfinished_uploads=0, attempts={"CreateMultipartUpload": 1, "ListMultipartUploads": 1})
async def test_an_upload_that_began_behind_a_500_is_found_and_used(layer, s3_client, s3_store):
    """S3 can have done the work although it says that it failed."""
    await upload(s3_client)
    assert s3_store.get("bucket", "key").body == BODY


@every_layer
@pytest.mark.s3_fail("connection_reset", operation="CreateMultipartUpload", times=1)
@pytest.mark.s3_expect(outcome=S3Error, unfinished_uploads=0)
async def test_an_upload_that_never_began_is_an_error(layer, s3_client):
    """There is nothing to find."""
    await upload(s3_client)


@pytest.mark.s3_fail("lost_response", operation="CreateMultipartUpload", after=1, times=1)
async def test_beside_another_writers_upload_neither_is_touched(s3_client, s3_store):
    """Nobody can tell which is which."""
    await create_multipart_upload(s3_client, "bucket", "key")
    with pytest.raises(S3ConnectionError):
        await upload(s3_client)
    assert len(s3_store.unfinished_uploads) == 2


@every_layer
@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_completion_whose_answer_is_no_use_is_found_out(layer, answer, s3_client, s3_errors, s3_store):
    """The object is there, so the upload is a success."""
    s3_errors.fail(answer, operation="CompleteMultipartUpload", times=1)
    result = await upload(s3_client)
    assert s3_store.get("bucket", "key").body == BODY
    assert result["etag"].endswith("-2")
    assert not s3_store.unfinished_uploads


@pytest.mark.s3_fail("lost_response", operation="CompleteMultipartUpload")
async def test_an_object_made_of_our_parts_is_ours(s3_client, s3_store):
    """Although no answer to the completion ever came."""
    result = await upload(s3_client)
    assert result["etag"] == s3_store.get("bucket", "key").etag.strip('"')


@every_layer
@pytest.mark.s3_fail("AccessDenied", operation="UploadPart")
@pytest.mark.s3_fail(503, operation="AbortMultipartUpload", times=2)
@pytest.mark.s3_expect(outcome=S3Error, unfinished_uploads=0, attempts={"AbortMultipartUpload": 3})
async def test_an_abort_is_repeated(layer, s3_client):
    """Parts cost money until one gets through."""
    await upload(s3_client)


@pytest.mark.s3_fail("AccessDenied", operation="UploadPart")
@pytest.mark.s3_fail(503, operation="AbortMultipartUpload")
async def test_what_stays_open_is_said_on_the_error(s3_client, s3_store):
    """With its id, in a note and in `details`."""
    with pytest.raises(S3Error) as caught:
        await upload(s3_client)
    (left,) = s3_store.unfinished_uploads
    assert caught.value.details["UnfinishedUploadId"] == left.upload_id
    assert any(left.upload_id in note for note in caught.value.__notes__)
