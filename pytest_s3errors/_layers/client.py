"""The `client` layer: the simulator answers `S3Client._make_request`, without a socket.

A request is signed only if S3 might refuse the signature: the credentials are unknown, a marker declares which ones S3
knows, or the client's region is not that of the bucket or the endpoint.

The client's operations, its response object and its exceptions stay real. A fault becomes the exception that the client
would raise for it on the wire, built by the client's own functions.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import os
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from pytest_s3errors._core.body import PIECE_BYTES, SPOOLED_BYTES, Body
from pytest_s3errors._core.play.answer import answer_of, on_schedule, taken
from pytest_s3errors._core.play.exchange import Ending
from pytest_s3errors._core.s3.hosts import region_of
from pytest_s3errors._core.s3.messages import Call, ErrorReply
from pytest_s3errors._layers.patience import Limit, Patience, wait
from pytest_s3errors._layers.wire.aiohttp import natural_error
from pytest_s3errors._layers.wire.connect_faults import connect_error
from pytest_s3errors._spool import Spooled
from pytest_s3errors._time.pauses import now
from s3_asyncio_client._body import _ChunkReader, check_data, open_body
from s3_asyncio_client._core.addressing import build_url, canonical_query, check_headers, without_bucket
from s3_asyncio_client._core.errors import error_from_fields
from s3_asyncio_client._core.naming import operation_of
from s3_asyncio_client._core.operations import OBJECT_READS
from s3_asyncio_client._core.signing import UNSIGNED_PAYLOAD, sign_request
from s3_asyncio_client._requests import check_any_target
from s3_asyncio_client._response import S3Response, short_body_message
from s3_asyncio_client._transport import NETWORK_ERRORS, Target, check_acknowledged, translate
from s3_asyncio_client.client import S3Client, _error
from s3_asyncio_client.exceptions import S3ConnectionError

if TYPE_CHECKING:
    from pytest_s3errors._core.play.answer import Answer
    from pytest_s3errors._core.play.exchange import Exchange, Ids
    from pytest_s3errors._guard.seams import Seams
    from pytest_s3errors._scene import Scene
    from s3_asyncio_client._body import Data
    from s3_asyncio_client.exceptions import S3Error

_FIRST_ERROR_STATUS = 300
_NOT_MODIFIED = 304


def install(scene: Scene, seams: Seams) -> None:
    """Answer the requests of every `S3Client` from *scene* for the owner of *seams*."""

    async def _make_request(
        self: S3Client,
        *,
        method: str,
        bucket: str,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        data: Data | None = None,
    ) -> S3Response:
        self._check_open()
        check_any_target(bucket, key)
        check_headers(headers or {})
        scene.check_playable()
        call = _call(self, method, bucket, key, headers or {}, params or {})
        if _has_to_sign(self, call, scene):
            call = _signed(self, call)
        body = await _whole(data, call.headers)
        simulator = scene.simulator
        # If the caller has replaced the session, that one's timeouts count.
        patience = Patience(self._timeout if self._session is None else self._session.timeout)
        entry = simulator.begin(call)
        read, whole = taken(entry, body)
        lasts = False
        try:
            exchange = simulator.answer(entry, read)
            if simulator.problems:
                scene.check_playable()
            if exchange.delay_s or exchange.answer is None:
                await _waited(exchange, patience, _target(self, call))
            reply = exchange.answer
            whole_at_once = exchange.sent is None and exchange.bytes_per_second is None
            if isinstance(reply, ErrorReply) and whole_at_once and reply.status >= _FIRST_ERROR_STATUS:
                raise _refused(reply, exchange.ids, call)
            target = _target(self, call)
            answer = answer_of(exchange, call, now_s=time.time(), whole=whole)
            if answer is None:
                raise translate(_broken(exchange), target)
            chunks = _chunks(answer, on_schedule(answer.body, exchange.bytes_per_second, now), patience, target)
            response = _response(self, answer, chunks, target, method)
            if answer.status >= _FIRST_ERROR_STATUS:
                raise await _error(response, target)
            check_acknowledged(response, target)
            lasts = _lasts(answer, exchange)
            if lasts:  # not an argument for each response, since most requests end here
                response._on_close = functools.partial(simulator.end, entry)  # noqa: SLF001
            return response
        finally:
            if not lasts:
                simulator.end(entry)

    seams.setattr(S3Client, "_make_request", _make_request)


# Cached, since these values repeat from request to request and would be a large part of its cost.
_url = functools.lru_cache(build_url)


@functools.lru_cache
def _endpoint(url: str) -> tuple[str, str]:
    """Return the host of an endpoint, with its port if named, and the endpoint without its path."""
    at = urlsplit(url)
    return at.netloc, f"{at.scheme}://{at.netloc}"


def _call(
    client: S3Client, method: str, bucket: str, key: str | None, headers: dict[str, str], params: dict[str, str]
) -> Call:
    asked = {name.lower(): value for name, value in headers.items()}
    operation = operation_of(method, has_bucket=True, has_key=key is not None, query=params, headers=asked)
    if operation in OBJECT_READS and client.verify_etag:
        asked.setdefault("x-amz-checksum-mode", "ENABLED")
    url = _url(client.endpoint_url, bucket, key)
    return Call(
        method=method,
        url=f"{url}?{canonical_query(params)}" if params else url,
        endpoint=_endpoint(without_bucket(client.endpoint_url, bucket) or client.endpoint_url)[0],
        operation=operation,
        bucket=bucket,
        key=key,
        query=params,
        headers=asked,
    )


def _has_to_sign(client: S3Client, call: Call, scene: Scene) -> bool:
    """Return whether S3 might refuse the client's keys or its region. Otherwise a signature would only cost time."""
    known = scene.access.find(client.access_key)
    return (
        scene.access.declared
        or (known is not None and (known.secret_key, known.session_token) != (client.secret_key, client.session_token))
        or (scene.simulator.bucket_region(call) or region_of(call.endpoint)) not in (None, client.region)
    )


def _signed(client: S3Client, call: Call) -> Call:
    """Return *call* with the headers that identify the client on the wire."""
    headers = sign_request(
        method=call.method,
        url=call.url.partition("?")[0],
        params=call.query,
        headers=call.headers,
        payload_hash=UNSIGNED_PAYLOAD,
        credentials=client._credentials(),  # noqa: SLF001 - both packages are one distribution
        region=client.region,
        now=datetime.now(UTC),
    )
    return replace(call, headers={name.lower(): value for name, value in headers.items()})


class _Unsigned:
    """Replaces the signer of a streamed body. It leaves the bytes unchanged."""

    def encode(self, chunk: bytes) -> bytes:
        return chunk


async def _whole(data: Data | None, headers: Mapping[str, str]) -> Body:
    """Return the body in one piece, after the client's own checks. A file is rewound to its old position."""
    if data is None:
        return b""
    if isinstance(data, bytes):
        return data
    check_data(data)
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    body = await open_body(data, headers)
    try:
        if isinstance(data, AsyncIterable):
            length = int(body.headers["x-amz-decoded-content-length"])
            reader: Any = _ChunkReader(data, _Unsigned(), length)  # type: ignore[arg-type]
            return await _collected(reader.read)
        return await _collected(functools.partial(asyncio.to_thread, data.read, PIECE_BYTES))
    finally:
        body.close()


async def _collected(read: Callable[[], Awaitable[bytes]]) -> Body:
    """Return everything that *read* returns until it returns nothing. A large body goes to disk."""
    held, sink = bytearray(), None
    while piece := await read():
        held += piece
        if len(held) >= SPOOLED_BYTES:
            sink = sink or Spooled()
            sink.write(held)
            held.clear()
    if sink is None:
        return bytes(held)
    sink.write(held)
    return sink.finish()


def _target(client: S3Client, call: Call) -> Target:
    return Target(call.operation or call.method, call.bucket or "", call.key, _endpoint(client.endpoint_url)[1])


async def _waited(exchange: Exchange, patience: Patience, target: Target) -> None:
    """Wait until the first byte of *exchange* is due, or until the client's timeout."""
    seconds, limit = patience.before(exchange, target.endpoint)
    if seconds != 0:
        await _wait(seconds, limit, target)


async def _wait(seconds: float | None, limit: Limit | None, target: Target) -> None:
    try:
        await wait(seconds, limit)
    except NETWORK_ERRORS as error:
        raise translate(error, target) from error


def _response(
    client: S3Client, answer: Answer, chunks: AsyncGenerator[bytes], target: Target, method: str
) -> S3Response:
    return S3Response(
        answer.status,
        CIMultiDictProxy(CIMultiDict(answer.headers)),
        chunks,
        method=method,
        operation=target.operation,
        bucket=target.bucket,
        key=target.key,
        verify=client.verify_etag and target.operation in OBJECT_READS,
    )


def _lasts(answer: Answer, exchange: Exchange) -> bool:
    """Return whether the body takes time, so that the request ends with it and not with the headers."""
    if exchange.bytes_per_second is not None and answer.body:
        return True
    return answer.ending is Ending.HANG


def _broken(exchange: Exchange) -> BaseException:
    """Return the exception that aiohttp would raise if no response with a status arrives."""
    if exchange.connect:
        return natural_error(connect_error(exchange.connect), _NO_REQUEST)
    if exchange.raw:
        return aiohttp.ClientResponseError(_NO_REQUEST, (), status=400, message="bad status line")
    if exchange.ending is Ending.RESET:
        return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
    return aiohttp.ServerDisconnectedError()


_NO_REQUEST: Any = None


def _refused(reply: ErrorReply, ids: Ids, call: Call) -> S3Error:
    """Return the exception for *reply* directly, without building and parsing XML."""
    headers, fields = reply.headers, None
    if call.method == "HEAD" or reply.status == _NOT_MODIFIED:  # no body
        headers = {"x-amz-request-id": ids.request_id, "x-amz-id-2": ids.host_id, **headers}
    else:
        message = reply.message.strip()  # as the client's parser does
        fields = {"Code": reply.code, "Message": message, "RequestId": ids.request_id, "HostId": ids.host_id}
        fields |= reply.elements
    return error_from_fields(
        status=reply.status,
        fields=fields,
        headers=headers,
        operation=call.operation or call.method,
        bucket=call.bucket,
        key=call.key,
    )


async def _chunks(
    answer: Answer, steps: Iterator[float | bytes], patience: Patience, target: Target
) -> AsyncGenerator[bytes]:
    for step in steps:
        if isinstance(step, bytes):
            yield step
        else:
            await _wait(step, patience.of_data(), target)
    if answer.whole:
        return
    if answer.ending is Ending.HANG:
        await _wait(None, patience.of_data(), target)
    ended = short_body_message(len(answer.body), None if answer.chunked else answer.size)
    raise S3ConnectionError(f"{target}: {ended}", operation=target.operation, bucket=target.bucket, key=target.key)
