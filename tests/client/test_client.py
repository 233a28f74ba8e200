"""The client's one request, against a loopback server: what is sent, what comes back, what goes wrong."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import io

import aiohttp
import aiohttp.abc
import pytest
from loopback import Loopback, answer, cut, error, hang_up, reset, stall

from s3_asyncio_client import (
    S3AccessDeniedError,
    S3Client,
    S3ClientError,
    S3ConnectionError,
    S3Error,
    S3IntegrityError,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ResponseError,
    S3ServerError,
    S3TimeoutError,
    S3WithFallback,
    multipart,
    upload_files_with_error_handling,
)
from s3_asyncio_client.client import _live

GET = {"method": "GET", "bucket": "b", "key": "k"}


async def test_requests_are_signed_and_nothing_is_added_that_would_be_stored():
    """Authorization covers what S3 asks for; aiohttp's own Content-Type and Accept-Encoding stay away."""
    async with Loopback([answer()]) as server, server.client(session_token="tok") as client:
        response = await client._make_request(
            method="PUT", bucket="b", key="a b", headers={"x-amz-acl": "private"}, data=b"1234"
        )
        await response.read()
    sent = server.requests[0]
    assert sent.target == "/b/a%20b"
    assert sent.body == b"1234"
    assert sent.headers["x-amz-content-sha256"] == hashlib.sha256(b"1234").hexdigest()
    assert "SignedHeaders=content-length;host;x-amz-acl;" in sent.headers["authorization"]
    assert sent.headers["x-amz-security-token"] == "tok"
    assert sent.headers["accept-encoding"] == "identity"
    assert "content-type" not in sent.headers


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("data", [None, b"", b"1234"])
async def test_no_method_gets_a_content_type_of_aiohttp(method, data):
    """With data or without, aiohttp's own Content-Type and Accept-Encoding stay away, and the length is right."""
    async with Loopback([answer(ETag='"e"')]) as server, server.client() as client:
        await (await client._make_request(**GET | {"method": method}, data=data)).read()
    sent = server.requests[0].headers
    assert "content-type" not in sent
    assert (sent["accept-encoding"], sent["content-length"]) == ("identity", str(len(data or b"")))


@pytest.mark.parametrize(
    ("method", "params", "headers", "name"),
    [
        ("PUT", {"uploadId": "id", "partNumber": "1"}, {"X-Amz-Copy-Source": "/a/b"}, "UploadPartCopy"),
        ("PUT", None, {"x-amz-copy-source": "/a/b"}, "CopyObject"),
        ("GET", {"versionId": "v", "acl": ""}, None, "GetObjectAcl"),
        ("DELETE", {"acl": ""}, None, "DELETE"),
        ("PATCH", None, None, "PATCH"),
    ],
)
async def test_an_error_of_a_request_without_a_name_is_called_by_its_method(method, params, headers, name):
    """Header names count in any case; what S3 lacks is called by its method."""
    async with Loopback([error(500, "InternalError")]) as server, server.client() as client:
        with pytest.raises(S3ServerError) as caught:
            await client._make_request(method=method, bucket="b", key="k", params=params, headers=headers)
    assert caught.value.operation == name


@pytest.mark.parametrize(
    ("key", "target"),
    [
        ("../x", "/b/../x"),
        ("a//b", "/b/a//b"),
        ("/lead", "/b//lead"),
        ("a/./b", "/b/a/./b"),
        ("..", "/b/.."),
        ("a+b %41?#", "/b/a%2Bb%20%2541%3F%23"),
        ("grüße", "/b/gr%C3%BC%C3%9Fe"),
    ],
)
async def test_keys_reach_the_wire_untouched(key, target):
    """No layer below tidies a path or encodes it twice."""
    async with Loopback([answer(body=b"x")]) as server, server.client() as client:
        assert (await client.get_object("b", key))["body"] == b"x"
    assert server.requests[0].target == target


async def test_query_parameters_are_encoded_as_they_are_signed():
    """A query goes out in canonical spelling: + and / encoded, empty values with =."""
    async with Loopback([answer()]) as server, server.client() as client:
        (await client._make_request(method="GET", bucket="b", params={"prefix": "a+b/c d", "acl": ""})).close()
    assert server.requests[0].target == "/b?acl=&prefix=a%2Bb%2Fc%20d"


@pytest.mark.parametrize("verify", [True, False])
async def test_only_object_reads_ask_for_checksums(verify):
    """x-amz-checksum-mode goes with GetObject alone, and not if verification is off."""
    async with Loopback([answer(), answer()]) as server, server.client(verify_etag=verify) as client:
        await client.get_object("b", "k")
        (await client._make_request(method="GET", bucket="b")).close()
    asked = [request.headers.get("x-amz-checksum-mode") for request in server.requests]
    assert asked == ["ENABLED" if verify else None, None]


@pytest.mark.parametrize("verify", [True, False])
async def test_wrong_bytes_are_an_integrity_error(verify):
    """The bytes of a whole object are held to its ETag unless verify_etag is off."""
    response = answer(body=b"bad!", ETag='"' + hashlib.md5(b"good").hexdigest() + '"')
    async with Loopback([response]) as server, server.client(verify_etag=verify) as client:
        if not verify:
            assert (await client.get_object("b", "k"))["body"] == b"bad!"
            return
        with pytest.raises(S3IntegrityError) as caught:
            await client.get_object("b", "k")
    assert caught.value.operation == "GetObject"


@pytest.mark.parametrize(
    ("response", "kind", "code"),
    [
        (error(404, "NoSuchKey"), S3NotFoundError, "NoSuchKey"),
        (error(404, "NoSuchUpload"), S3NotFoundError, "NoSuchUpload"),
        (error(403, "SignatureDoesNotMatch"), S3AccessDeniedError, "SignatureDoesNotMatch"),
        (error(400, "KeyTooLongError"), S3InvalidRequestError, "KeyTooLongError"),
        (error(412, "PreconditionFailed"), S3ClientError, "PreconditionFailed"),
        (error(503, "SlowDown"), S3ServerError, "SlowDown"),
        (error(301, "PermanentRedirect"), S3Error, "PermanentRedirect"),
        (answer(304), S3Error, "NotModified"),
        (answer(503, b"<html>gateway</html>"), S3ServerError, "Unknown"),
    ],
)
async def test_error_documents_become_errors(response, kind, code):
    """The status decides the class, the document the code, and the request what it was about."""
    async with Loopback([response]) as server, server.client() as client:
        with pytest.raises(S3Error) as caught:
            await client._make_request(**GET)
    assert type(caught.value) is kind
    assert caught.value.error_code == code
    assert (caught.value.operation, caught.value.bucket, caught.value.key) == ("GetObject", "b", "k")


async def test_errors_carry_what_the_headers_say():
    """Request id, host id, Retry-After and the bucket's region come off the response's headers."""
    response = error(
        307,
        "TemporaryRedirect",
        x_amz_request_id="REQ",
        x_amz_id_2="HOST",
        Retry_After="3",
        x_amz_bucket_region="eu-west-1",
    )
    async with Loopback([response]) as server, server.client() as client:
        with pytest.raises(S3Error) as caught:
            await client._make_request(**GET)
    assert (caught.value.request_id, caught.value.host_id, caught.value.retry_after) == ("REQ", "HOST", 3.0)
    assert caught.value.details["Region"] == "eu-west-1"


@pytest.mark.parametrize(
    ("status", "kind", "code"), [(404, S3NotFoundError, "NoSuchKey"), (503, S3ServerError, "ServiceUnavailable")]
)
async def test_an_error_without_body_is_told_by_its_status(status, kind, code):
    """HEAD has no body whatever its headers promise; the code follows from the status."""
    async with Loopback([answer(status, length=250)]) as server, server.client() as client:
        with pytest.raises(kind) as caught:
            await client.head_object("b", "k")
    assert caught.value.error_code == code


async def test_the_connection_is_used_again_after_an_error():
    """An error's body is read to its end, which keeps the connection."""
    async with Loopback([error(503, "SlowDown"), answer(body=b"x")]) as server, server.client() as client:
        with pytest.raises(S3ServerError):
            await client.get_object("b", "k")
        await client.get_object("b", "k")
    assert server.connections == 1


async def test_an_error_whose_document_breaks_off_is_told_by_its_status():
    """Half a document is no reason to lose a 503; a note says that the rest is missing."""
    broken = cut(answer(503, b"<Error><Code>Slow", length=300))
    async with Loopback([broken]) as server, server.client() as client:
        with pytest.raises(S3ServerError) as caught:
            await client._make_request(**GET)
    assert caught.value.error_code == "ServiceUnavailable"
    assert "body ended after 17 of 300 bytes" in caught.value.__notes__[0]


async def test_only_so_much_of_an_error_is_read():
    """An endless error page does not fill the memory."""
    async with Loopback([cut(answer(500, b"x" * 200_000, length=10**12), stall)]) as server, server.client() as client:
        with pytest.raises(S3ServerError) as caught:
            await client._make_request(**GET)
    assert len(caught.value.message) <= 500


@pytest.mark.parametrize(
    ("scripted", "kind", "words"),
    [
        (hang_up, S3ConnectionError, "closed the connection before it answered"),
        (reset, S3ConnectionError, "connection broke"),
        (cut(b"complete nonsense\r\n\r\n"), S3ResponseError, "not HTTP"),
        (cut(b"HTTP/1.1 200 OK\r\nContent-Le"), S3ConnectionError, "before it answered"),
    ],
    ids=["disconnect", "reset", "garbage", "cut headers"],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_no_answer_is_one_attempt_and_our_error(scripted, kind, words, method):
    """A pooled connection that breaks raises at once: aiohttp must not resend behind our back."""
    script = [answer(body=b"x"), scripted, answer(body=b"x")]
    async with Loopback(script) as server, server.client() as client:
        await client.get_object("b", "k")
        with pytest.raises(kind, match=words) as caught:
            await client._make_request(method=method, bucket="b", key="k", params={"secretive": "1"}, data=None)
        assert len(server.requests) == 2
    assert caught.value.bucket == "b"
    assert "secretive" not in str(caught.value)
    assert isinstance(caught.value.__cause__, aiohttp.ClientError)


async def test_refused_connections_name_the_endpoint():
    """Nobody listens: S3ConnectionError, also a ConnectionError, that says where to."""
    async with Loopback() as server:
        url = server.url
    async with S3Client("access", "secret", endpoint_url=url) as client:
        with pytest.raises(ConnectionError, match="could not connect") as caught:
            await client.put_object("b", "k", b"x")
    assert isinstance(caught.value, S3ConnectionError)
    assert f"PutObject of b/k at {url}" in str(caught.value)


async def test_failed_handshakes_are_connection_errors():
    """TLS against a server that has none: S3ConnectionError that says so."""

    async def plain(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with S3Client("access", "secret", endpoint_url=url) as client:
            with pytest.raises(S3ConnectionError, match="TLS handshake failed"):
                await client.get_object("b", "k")


async def test_unknown_hosts_are_connection_errors():
    """A name that does not resolve: S3ConnectionError that says so."""

    class Nowhere(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            raise OSError("no such name")

        async def close(self):
            pass

    async with S3Client("access", "secret", endpoint_url="http://s3.nowhere.example") as client:
        client._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Nowhere()))
        with pytest.raises(S3ConnectionError, match="host name could not be resolved"):
            await client.get_object("b", "k")


async def test_slow_connections_are_timeouts():
    """No connection in time: S3TimeoutError, which says that it never came to a request."""

    class Slow(aiohttp.abc.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            await asyncio.Event().wait()

        async def close(self):
            pass

    async with S3Client("access", "secret", endpoint_url="http://s3.nowhere.example") as client:
        client._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=Slow()), timeout=aiohttp.ClientTimeout(connect=0.02)
        )
        with pytest.raises(S3TimeoutError, match="timed out while connecting"):
            await client.get_object("b", "k")


async def test_stalls_are_timeouts():
    """No answer for as long as the client's timeout allows: S3TimeoutError, also a TimeoutError."""
    timeout = aiohttp.ClientTimeout(sock_read=0.05)
    async with Loopback([stall]) as server, server.client(timeout=timeout) as client:
        with pytest.raises(TimeoutError, match="no answer in time") as caught:
            await client.get_object("b", "k")
    assert isinstance(caught.value, S3TimeoutError)


@pytest.mark.parametrize("ending", [hang_up, reset])
async def test_truncated_bodies_name_both_counts(ending):
    """A FIN or RST in the middle of a body is an S3ConnectionError with the bytes that came and those promised."""
    async with Loopback([cut(answer(body=b"x" * 10, length=25), ending)]) as server, server.client() as client:
        with pytest.raises(S3ConnectionError, match="body ended after 10 of 25 bytes") as caught:
            await client.get_object("b", "k")
    assert caught.value.operation == "GetObject"


async def test_a_chunked_body_that_breaks_off_is_an_error():
    """Without Content-Length the end of the chunks is what was promised."""
    broken = cut(b"HTTP/1.1 200 OK\r\nETag: e\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    async with Loopback([broken]) as server, server.client() as client:
        with pytest.raises(S3ConnectionError, match="broke off after 5 bytes"):
            await client.get_object("b", "k")


async def test_garbage_between_chunks_is_an_error_of_ours():
    """Broken framing of a body does not let an aiohttp exception out."""
    broken = cut(b"HTTP/1.1 200 OK\r\nETag: e\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
    async with Loopback([broken]) as server, server.client() as client:
        with pytest.raises(S3Error):
            await client.get_object("b", "k")


async def test_stalled_bodies_are_timeouts():
    """Silence in the middle of a body is an S3TimeoutError."""
    timeout = aiohttp.ClientTimeout(sock_read=0.05)
    async with Loopback([cut(answer(body=b"x", length=25), stall)]) as server, server.client(timeout=timeout) as client:
        with pytest.raises(S3TimeoutError):
            await client.get_object("b", "k")


async def test_encoded_bodies_come_as_they_are_stored():
    """A stored Content-Encoding is the caller's business: bytes and checksum are of what is stored."""
    async with Loopback([answer(body=b"not gzip", Content_Encoding="gzip")]) as server, server.client() as client:
        assert (await client.get_object("b", "k"))["body"] == b"not gzip"


async def test_cancellation_passes_untouched():
    """A cancelled request raises CancelledError, never an S3Error, and leaves nothing behind."""
    arrived = asyncio.Event()

    async def hold(request):
        arrived.set()
        await stall(request)

    async with Loopback([hold]) as server, server.client() as client:
        task = asyncio.create_task(client.get_object("b", "k"))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview", "file", "iterator"])
@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 1024 * 1024 + 1])
async def test_all_kinds_of_bodies_arrive_whole(kind, size):
    """Bytes, files and iterators of any size arrive with their length, hashed or signed in chunks."""
    body = bytes(i % 251 for i in range(size))
    file = io.BytesIO(b"skip" + body)
    file.seek(4)

    async def iterate():
        for start in range(0, size, 1000):
            yield body[start : start + 1000]

    data = {"bytes": body, "bytearray": bytearray(body), "memoryview": memoryview(body), "file": file}.get(kind)
    options = {} if data is not None else {"content_length": size}
    async with Loopback([answer(ETag='"e"')]) as server, server.client() as client:
        assert (await client.put_object("b", "k", iterate() if data is None else data, **options))["etag"] == "e"
    sent = server.requests[0]
    if kind == "iterator":
        assert sent.headers["x-amz-decoded-content-length"] == str(size)
        assert sent.headers["content-encoding"] == "aws-chunked"
        assert _decoded(sent.body) == body
    else:
        assert sent.body == body
        assert sent.headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
    assert file.tell() == 4


def _decoded(body):
    decoded = b""
    while body:
        head, _, body = body.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        decoded, body = decoded + body[:size], body[size + 2 :]
    return decoded


@pytest.mark.parametrize(("given", "words"), [(9, "fewer"), (11, "more")])
async def test_iterators_that_break_their_word_fail(given, words):
    """An iterator with one byte more or fewer than content_length raises and does not hang."""

    async def iterate():
        yield b"x" * given

    async with Loopback([answer()]) as server, server.client() as client:
        with pytest.raises(S3ClientError, match=words):
            await client.put_object("b", "k", iterate(), content_length=10)
    assert server.requests == []


async def test_what_an_iterator_raises_reaches_the_caller():
    """The caller's own exception comes out, not an aiohttp one wrapped around it."""

    async def iterate():
        yield b"x"
        raise KeyError("mine")

    async with Loopback([answer()]) as server, server.client() as client:
        with pytest.raises(KeyError, match="mine"):
            await client.put_object("b", "k", iterate(), content_length=100_000)


async def test_a_file_stands_where_it_stood_after_a_failure():
    """A second attempt with the same file object sends the same bytes."""
    file = io.BytesIO(b"skip-body")
    file.seek(5)
    async with Loopback([error(503, "SlowDown"), answer()]) as server, server.client() as client:
        with pytest.raises(S3ServerError):
            await client.put_object("b", "k", file)
        await client.put_object("b", "k", file)
    assert [request.body for request in server.requests] == [b"body", b"body"]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"bucket": ""}, S3InvalidRequestError, "bucket"),
        ({"bucket": "a/b"}, S3InvalidRequestError, "bucket"),
        ({"bucket": None}, TypeError, "bucket"),
        ({"key": ""}, S3InvalidRequestError, "key"),
        ({"key": "x" * 1025}, S3InvalidRequestError, "1025"),
        ({"key": 5}, TypeError, "key"),
        ({"data": "text"}, TypeError, "encode"),
        ({"data": io.StringIO("text")}, TypeError, "binary"),
        ({"data": 5}, TypeError, "int"),
        ({"headers": {"x": "a\r\nb"}}, ValueError, "line break"),
        ({"headers": {"Content-Length": "3"}, "data": b"1234"}, S3ClientError, "says 3 bytes, the body has 4"),
    ],
)
async def test_bad_arguments_raise_before_anything_is_sent(arguments, kind, words):
    """What cannot be sent is refused here; no connection is made."""
    async with Loopback() as server, server.client() as client:
        with pytest.raises(kind, match=words):
            await client._make_request(**{"method": "PUT", "bucket": "b", "key": "k", **arguments})
    assert server.connections == 0


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"access_key": None}, TypeError, "access_key"),
        ({"secret_key": b"x"}, TypeError, "secret_key"),
        ({"session_token": 1}, TypeError, "session_token"),
        ({"region": ""}, ValueError, "region"),
        ({"endpoint_url": "s3.example"}, ValueError, "http://"),
        ({"endpoint_url": 1}, TypeError, "endpoint_url"),
        ({"endpoint_url": "https://user:word@s3.example"}, ValueError, "credentials"),
        ({"endpoint_url": "https://s3.example?x=1"}, ValueError, "path only"),
        ({"timeout": 0}, ValueError, "0"),
        ({"timeout": float("nan")}, ValueError, "nan"),
        ({"timeout": "5"}, TypeError, "timeout"),
        ({"timeout": True}, TypeError, "timeout"),
    ],
)
def test_bad_settings_are_refused(arguments, kind, words):
    """The constructor says what came and what was allowed, and never shows a secret."""
    with pytest.raises(kind, match=words) as caught:
        S3Client(**{"access_key": "a", "secret_key": "topsecret", **arguments})
    assert "topsecret" not in str(caught.value)
    assert "word" not in str(caught.value)


OPERATIONS = {
    "get": lambda client, key: client.get_object("b", key),
    "open": lambda client, key: client.open_object("b", key).__aenter__(),
    "head": lambda client, key: client.head_object("b", key),
    "put": lambda client, key: client.put_object("b", key, b""),
    "delete": lambda client, key: client.delete_object("b", key),
    "copy from": lambda client, key: client.copy_object("b", key, "b", "k"),
    "copy to": lambda client, key: client.copy_object("b", "k", "b", key),
    "upload": lambda client, key: client.upload_file("b", key, io.BytesIO()),
    "download": lambda client, key: client.download_file("b", key, "never"),
    "create": lambda client, key: multipart.create_multipart_upload(client, "b", key),
    "part": lambda client, key: multipart.upload_part(client, "b", key, "u", 1, b""),
    "part from": lambda client, key: multipart.upload_part_copy(client, "b", "k", "u", 1, "b", key),
    "part to": lambda client, key: multipart.upload_part_copy(client, "b", key, "u", 1, "b", "k"),
    "complete": lambda client, key: multipart.complete_multipart_upload(
        client, "b", key, "u", [{"part_number": 1, "etag": "e"}]
    ),
    "abort": lambda client, key: multipart.abort_multipart_upload(client, "b", key, "u"),
    "fallback": lambda client, key: S3WithFallback(client).get_object_with_fallback("b", key),
    "batch": lambda client, key: upload_files_with_error_handling(client, "b", [("k", b""), (key, b"")]),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("key", [None, b"k", 3])
async def test_an_object_operation_needs_a_key(operation, key):
    """Without one it would be a request about the bucket: deleting "no object" would delete the bucket."""
    async with Loopback([]) as server, server.client() as client:
        with pytest.raises(TypeError, match="key"):
            await OPERATIONS[operation](client, key)
    assert server.requests == []


async def test_closed_clients_refuse_before_anything_is_sent():
    """Closing twice is fine; a request or `async with` afterwards raises RuntimeError."""
    async with Loopback([answer()]) as server:
        client = server.client()
        await client.delete_object("b", "k")
        await client.close()
        await client.close()
        with pytest.raises(RuntimeError, match="closed"):
            await client.delete_object("b", "k")
        with pytest.raises(RuntimeError, match="closed"):
            async with client:
                pass
    assert len(server.requests) == 1


async def test_the_session_is_made_when_needed_and_may_be_replaced():
    """`async with` or the first request makes `_session`; one of the caller's own is used as it is, and both closed."""
    client = S3Client("a", "b")
    assert client._session is None
    async with Loopback([answer(), answer()]) as server, server.client() as client:
        made = client._session
        assert isinstance(made, aiohttp.ClientSession)
        await client.delete_object("b", "k")
        client._session = own = aiohttp.ClientSession(headers={"x-own": "1"})
        await client.delete_object("b", "k")
    assert server.requests[1].headers["x-own"] == "1"
    assert client._session is None
    assert made.closed
    assert own.closed


async def test_living_clients_can_be_found():
    """`_live` holds every client that still exists, and keeps none alive."""
    client = S3Client("a", "b", endpoint_url="http://somewhere.example")
    assert client in _live
    del client
    gc.collect()
    assert all(other.endpoint_url != "http://somewhere.example" for other in _live)


def test_no_secret_is_shown():
    """The repr has the endpoint and region, never key or token."""
    shown = repr(S3Client("access", "topsecret", session_token="tok"))
    assert shown == "<S3Client https://s3.us-east-1.amazonaws.com region=us-east-1>"


def test_url_styles():
    """Virtual-hosted for AWS, path-style elsewhere; a slash at the end of the endpoint makes no difference."""
    assert S3Client("a", "b", "eu-west-1")._build_url("b", "k") == "https://b.s3.eu-west-1.amazonaws.com/k"
    assert S3Client("a", "b", endpoint_url="http://h:9000/")._build_url("b", "k") == "http://h:9000/b/k"
    assert S3Client("a", "b", endpoint_url="http://h:9000/").endpoint_url == "http://h:9000/"


def test_presigned_urls_are_made_without_a_request():
    """The URL names method-independent parts, the expiry and the caller's parameters."""
    url = S3Client("access", "topsecret").generate_presigned_url(
        "get", "b", "k", 60, {"response-content-type": "text/x"}
    )
    assert url.startswith("https://b.s3.us-east-1.amazonaws.com/k?")
    assert "X-Amz-Expires=60" in url
    assert "response-content-type=text%2Fx" in url
    assert "topsecret" not in url
    with pytest.raises(S3InvalidRequestError):
        S3Client("access", "topsecret").generate_presigned_url("GET", "", "k")


def test_clients_from_the_files_of_the_aws_command_line(tmp_path):
    """from_aws_config takes credentials, region and endpoint of the profile."""
    credentials = tmp_path / "credentials"
    credentials.write_text("[p]\naws_access_key_id = A\naws_secret_access_key = S%x\naws_session_token = T\n")
    config = tmp_path / "config"
    config.write_text("[profile p]\nregion = eu-west-1\nendpoint_url = http://h:9000\n")
    client = S3Client.from_aws_config("p", config, credentials)
    assert (client.access_key, client.secret_key, client.session_token) == ("A", "S%x", "T")
    assert (client.region, client.endpoint_url) == ("eu-west-1", "http://h:9000")


def test_error_texts_can_still_be_parsed():
    """_parse_error_response of the 0.1 package makes the error of a status and a text."""
    found = S3Client("a", "b")._parse_error_response(
        404, "<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>"
    )
    assert isinstance(found, S3NotFoundError)
    assert found.error_code == "NoSuchBucket"
