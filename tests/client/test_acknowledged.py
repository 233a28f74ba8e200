"""A success that S3 would not send is none."""

from __future__ import annotations

import pytest
from loopback import Loopback, answer

from s3_asyncio_client import S3Client, S3ResponseError
from s3_asyncio_client.multipart import upload_part

CALLS = {
    "put_object": lambda client: client.put_object("b", "k", b"data"),
    "get_object": lambda client: client.get_object("b", "k"),
    "head_object": lambda client: client.head_object("b", "k"),
    "upload_part": lambda client: upload_part(client, "b", "k", "id", 1, b"data"),
}


@pytest.mark.parametrize("body", [b"", b"<Error><Code>InternalError</Code></Error>", b"<html>welcome</html>"])
@pytest.mark.parametrize("call", CALLS)
async def test_a_200_without_etag_is_no_answer_of_s3(call, body):
    """Whatever stands in it."""
    async with (
        Loopback([answer(body=b"" if call == "head_object" else body, ETag=None)]) as server,
        server.client() as client,
    ):
        with pytest.raises(S3ResponseError, match="no ETag") as caught:
            await CALLS[call](client)
    assert (caught.value.bucket, caught.value.key) == ("b", "k")


async def test_a_stream_is_refused_before_its_first_byte():
    """An object that is none is not handed out piece by piece either."""
    async with Loopback([answer(body=b"page", ETag=None)]) as server, server.client() as client:
        with pytest.raises(S3ResponseError):
            async with client.open_object("b", "k"):
                pytest.fail("it was opened")


async def test_a_replaced_make_request_need_not_send_one():
    """Hand-written mocks of it answer with less than S3 does."""

    class Answer:
        headers: dict[str, str] = {}  # noqa: RUF012 - as people write it
        status = 200

        def close(self):
            pass

    async def make_request(**_):
        return Answer()

    client = S3Client("a", "b")
    client._make_request = make_request
    assert (await client.put_object("b", "k", b"data"))["etag"] == ""
