"""Whole files: sizes and chunks, uploads in parts, downloads in ranges; and that failures leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import io
import os
import sys
import tracemalloc
import weakref
from types import SimpleNamespace
from unittest.mock import AsyncMock, Mock

import pytest
from loopback import Loopback, answer, cut, error, hang_up

from s3_asyncio_client import (
    S3Client,
    S3ClientError,
    S3ConnectionError,
    S3IntegrityError,
    S3NotFoundError,
    S3ResponseError,
    S3ServerError,
    TransferConfig,
    _download,
)
from s3_asyncio_client.transfer import (
    MAX_PART_SIZE,
    MAX_PARTS,
    MIN_PART_SIZE,
    adjust_chunk_size,
    calculate_file_size,
    read_exactly,
    read_file_chunks,
    read_fileobj_chunks,
    should_use_multipart,
)

MIB = 1024 * 1024
SPLIT = TransferConfig(multipart_threshold=MIN_PART_SIZE, multipart_chunksize=MIN_PART_SIZE, max_concurrency=3)


@pytest.mark.parametrize("name", ["multipart_threshold", "multipart_chunksize", "max_concurrency"])
def test_settings_are_positive_ints(name):
    """0 is refused, 1 taken, and a float is a TypeError; the message names the setting."""
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        TransferConfig(**{name: 0})
    with pytest.raises(TypeError, match=name):
        TransferConfig(**{name: 1.5})
    assert getattr(TransferConfig(**{name: 1}), name) == 1


@pytest.mark.parametrize(("size", "split"), [(7, False), (8, False), (9, True)])
def test_files_are_split_above_the_threshold(size, split):
    """A file of exactly the threshold goes out in one request."""
    assert should_use_multipart(size, 8) is split


@pytest.mark.parametrize(
    ("wanted", "size", "got"),
    [
        (1, None, MIN_PART_SIZE),
        (MIN_PART_SIZE, None, MIN_PART_SIZE),
        (MIN_PART_SIZE + 1, None, MIN_PART_SIZE + 1),
        (MAX_PART_SIZE + 1, None, MAX_PART_SIZE),
        (MIN_PART_SIZE, MIN_PART_SIZE * MAX_PARTS, MIN_PART_SIZE),
        (MIN_PART_SIZE, MIN_PART_SIZE * MAX_PARTS + 1, MIN_PART_SIZE + MIB),
        (MIN_PART_SIZE, MAX_PART_SIZE * MAX_PARTS, MAX_PART_SIZE),
    ],
)
def test_part_sizes_fit_s3(wanted, size, got):
    """At least 5 MiB, at most 5 GiB, and large enough for 10,000 parts."""
    assert adjust_chunk_size(wanted, size) == got


def test_files_beyond_all_parts_are_refused():
    """One byte more than 10,000 parts of 5 GiB cannot be uploaded."""
    with pytest.raises(S3ClientError, match="more than 10000 parts"):
        adjust_chunk_size(MIN_PART_SIZE, MAX_PART_SIZE * MAX_PARTS + 1)


def test_sizes_of_paths_and_files(tmp_path):
    """An open file counts from where it stands, and stays there."""
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert calculate_file_size(path) == calculate_file_size(str(path)) == 5
    with path.open("rb") as file:
        file.seek(2)
        assert calculate_file_size(file) == 3
        assert file.tell() == 2


@pytest.mark.parametrize("source", ["/no/such/file", 5, object()])
def test_sizes_that_cannot_be_told(source):
    """No such file, or no file at all: S3ClientError."""
    with pytest.raises(S3ClientError):
        calculate_file_size(source)


async def test_files_are_read_in_equal_pieces(tmp_path):
    """All pieces have the size asked for but the last."""
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert [chunk async for chunk in read_file_chunks(path, 2)] == [b"12", b"34", b"5"]
    assert [chunk async for chunk in read_fileobj_chunks(io.BytesIO(b"1234"), 2)] == [b"12", b"34"]


def test_short_reads_are_filled_up():
    """A raw file may give less than asked for; a text file is refused."""

    class Trickle(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 2))

    file = Trickle(b"1234567")
    assert [read_exactly(file, 5), read_exactly(file, 5), read_exactly(file, 5)] == [b"12345", b"67", b""]
    with pytest.raises(TypeError, match="rb"):
        read_exactly(io.StringIO("text"), 2)


class Uploads:
    """Answers a multipart upload; `on_part` may break the answer to a part."""

    def __init__(self, on_part=None):
        self.on_part = on_part or (lambda request: None)
        self.parts = {}
        self.now = self.most = 0
        self.steps = []

    async def __call__(self, request):
        if "uploads" in request.params:
            self.steps.append("create")
            return answer(body=b"<R><UploadId>id</UploadId></R>")
        if request.method == "POST":
            self.steps.append("complete")
            return answer(body=b"<R><Location>loc</Location><Key>k</Key><ETag>&quot;e-1&quot;</ETag></R>")
        if request.method == "DELETE":
            self.steps.append("abort")
            return answer(204)
        if "partNumber" not in request.params:
            self.steps.append("put")
            return answer(ETag='"whole"')
        return await self.part(request)

    async def part(self, request):
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            number = int(request.params["partNumber"])
            broken = self.on_part(request)
            if broken is not None:
                return await broken if hasattr(broken, "__await__") else broken
            await asyncio.sleep(0)
            self.parts[number] = request.body
            return answer(ETag=f'"part-{number}"')
        finally:
            self.now -= 1


def big_file(tmp_path, size):
    path = tmp_path / "big"
    with path.open("wb") as file:
        file.write(b"begin")
        file.truncate(size)
        file.seek(size - 3)
        file.write(b"end")
    return path


@pytest.mark.parametrize(
    ("size", "parts"), [(2 * MIN_PART_SIZE - 1, 2), (2 * MIN_PART_SIZE, 2), (2 * MIN_PART_SIZE + 1, 3)]
)
@pytest.mark.parametrize("opened", [False, True])
async def test_large_files_go_up_in_parts(tmp_path, size, parts, opened):
    """The parts are the file, in order, under the numbers that the completion names."""
    path, service, progress = big_file(tmp_path, size), Uploads(), []
    async with Loopback(service) as server, server.client() as client:
        with path.open("rb") if opened else contextlib.nullcontext(path) as source:
            result = await client.upload_file("b", "k", source, SPLIT, "text/plain", {"a": "1"}, progress.append)
            assert not opened or source.tell() == 0
    assert b"".join(service.parts[number] for number in sorted(service.parts)) == path.read_bytes()
    assert result == {
        "location": "loc",
        "etag": "e-1",
        "bucket": "b",
        "key": "k",
        "parts_count": parts,
        "size": size,
        "upload_type": "multipart",
        "part_size": MIN_PART_SIZE,
    }
    assert (len(progress), sum(progress)) == (parts, size)
    assert server.requests[0].headers["x-amz-meta-a"] == "1"
    named = server.requests[-1].body.decode()
    assert named.index("part-1") < named.index("part-2")


@pytest.mark.parametrize("concurrency", [1, 2, 5])
async def test_no_more_parts_in_flight_than_asked_for(tmp_path, concurrency):
    """max_concurrency is reached and never exceeded."""
    waiting = asyncio.Semaphore(0)
    arrived = []

    async def hold(request):
        arrived.append(1)
        if len(arrived) >= concurrency:
            for _ in arrived:
                waiting.release()
        await waiting.acquire()
        return answer(ETag='"e"')

    service = Uploads(hold)
    config = TransferConfig(MIN_PART_SIZE, MIN_PART_SIZE, concurrency)
    async with Loopback(service, keep_bodies=False) as server, server.client() as client:
        await client.upload_file("b", "k", big_file(tmp_path, 5 * MIN_PART_SIZE), config)
    assert service.most == concurrency


async def test_small_files_go_up_in_one_request(tmp_path):
    """Up to the threshold: one PUT, from memory."""
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    progress, service = [], Uploads()
    async with Loopback(service) as server, server.client() as client:
        result = await client.upload_file("b", "k", path, progress_callback=progress.append)
    assert result == {"etag": "whole", "bucket": "b", "key": "k", "size": 5, "upload_type": "single_part"}
    assert (server.requests[0].body, progress, service.steps) == (b"12345", [5], ["put"])


async def test_one_large_request_is_streamed(tmp_path):
    """With a high threshold a large file still goes up whole and unchanged."""
    path, service = big_file(tmp_path, 9 * MIB), Uploads()
    async with Loopback(service) as server, server.client() as client:
        result = await client.upload_file("b", "k", path, TransferConfig(multipart_threshold=9 * MIB))
    assert result["upload_type"] == "single_part"
    assert server.requests[0].body == path.read_bytes()


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(("size", "threshold"), [(200 * MIB, 8 * MIB), (80 * MIB, 300 * MIB)])
async def test_uploads_take_constant_memory(tmp_path, size, threshold, opened):
    """Large sparse files go up in ten parts of 8 MiB at a time, or in one request, with a few MiB in memory."""
    path = big_file(tmp_path, size)
    config = TransferConfig(multipart_threshold=threshold)
    async with Loopback(Uploads(), keep_bodies=False) as server, server.client() as client:
        tracemalloc.start()
        try:
            with path.open("rb") if opened else contextlib.nullcontext(path) as source:
                await client.upload_file("b", "k", source, config)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert sum(request.body_size for request in server.requests if request.method == "PUT") == size
    assert peak < 30 * MIB


async def test_a_failed_part_aborts_and_raises_the_first_error(tmp_path):
    """The error of the part is raised as it was, never followed by a completion."""
    service = Uploads(lambda request: error(500, "InternalError") if request.params["partNumber"] == "2" else None)
    async with Loopback(service) as server, server.client() as client:
        with pytest.raises(S3ServerError) as caught:
            await client.upload_file("b", "k", big_file(tmp_path, 4 * MIN_PART_SIZE), SPLIT)
    assert (caught.value.error_code, caught.value.operation) == ("InternalError", "UploadPart")
    assert service.steps == ["create", "abort"]


async def test_a_failed_completion_aborts(tmp_path):
    """An error document inside the 200 of a completion aborts as any other failure."""
    service = Uploads()

    async def respond(request):
        if request.method == "POST" and "uploadId" in request.params:
            return error(200, "InternalError")
        return await service(request)

    async with Loopback(respond) as server, server.client() as client:
        with pytest.raises(S3ServerError) as caught:
            await client.upload_file("b", "k", big_file(tmp_path, 2 * MIN_PART_SIZE), SPLIT)
    assert (caught.value.operation, caught.value.status_code) == ("CompleteMultipartUpload", 200)
    assert service.steps == ["create", "abort"]


async def test_an_abort_that_fails_as_well_is_a_note(tmp_path, caplog):
    """The original error is raised; that the parts are still there is noted and logged."""
    service = Uploads(lambda request: error(500, "InternalError"))

    async def respond(request):
        return error(403, "AccessDenied") if request.method == "DELETE" else await service(request)

    async with Loopback(respond) as server, server.client() as client:
        with pytest.raises(S3ServerError) as caught:
            await client.upload_file("b", "k", big_file(tmp_path, MIN_PART_SIZE + 1), SPLIT)
    assert any("could not be aborted and stays unfinished: AccessDenied" in note for note in caught.value.__notes__)
    assert caught.value.details["UnfinishedUploadId"] == "id"
    assert "multipart upload id of b/k could not be aborted" in caplog.text


@pytest.mark.parametrize("step", ["create", "part", "complete"])
async def test_a_cancelled_upload_is_aborted(tmp_path, step):
    """Cancelled while any request is under way: CancelledError, and S3 holds no unfinished upload."""
    service, arrived, go = Uploads(), asyncio.Event(), asyncio.Event()

    async def respond(request):
        kind = "part" if request.method == "PUT" else "create" if "uploads" in request.params else "complete"
        if request.method != "DELETE" and kind == step:
            arrived.set()
            if step != "create":
                await asyncio.Event().wait()
            await go.wait()
        return await service(request)

    async with Loopback(respond) as server, server.client() as client:
        task = asyncio.create_task(client.upload_file("b", "k", big_file(tmp_path, 3 * MIN_PART_SIZE), SPLIT))
        await arrived.wait()
        task.cancel()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert service.steps == ["create", "abort"]


async def test_a_callback_that_raises_stops_the_upload(tmp_path):
    """The caller's own error comes out and the upload is aborted."""

    def refuse(_):
        raise ZeroDivisionError

    service = Uploads()
    async with Loopback(service) as server, server.client() as client:
        with pytest.raises(ZeroDivisionError):
            await client.upload_file("b", "k", big_file(tmp_path, 2 * MIN_PART_SIZE), SPLIT, None, None, refuse)
    assert service.steps == ["create", "abort"]


@pytest.mark.parametrize("change", [-1, 1])
async def test_a_file_that_changes_its_size_is_not_stored(tmp_path, change):
    """One byte more or fewer than at the beginning: an error and an abort instead of a torn object."""
    size = 3 * MIN_PART_SIZE
    path = big_file(tmp_path, size)
    service = Uploads(lambda request: os.truncate(path, size + change) if request.params["partNumber"] == "1" else None)
    async with Loopback(service) as server, server.client() as client:
        with pytest.raises(S3ClientError, match="changed its size"):
            await client.upload_file("b", "k", path, TransferConfig(MIN_PART_SIZE, MIN_PART_SIZE, 1))
    assert service.steps == ["create", "abort"]


async def test_what_only_looks_like_a_file_is_read_once_in_order(tmp_path):
    """Going back may be impossible or slow: a decompressor is read from its beginning to its end."""
    content = big_file(tmp_path, 3 * MIN_PART_SIZE).read_bytes()
    service = Uploads()
    async with Loopback(service) as server, server.client() as client:
        with gzip.open(io.BytesIO(gzip.compress(content, 1))) as source:
            back = Mock(wraps=source.seek)
            size = source.seek(0, io.SEEK_END)
            source.seek(0)
            source.seek = back
            await client.upload_file("b", "k", source, SPLIT)
    assert b"".join(service.parts[number] for number in sorted(service.parts)) == content
    # To measure it, and to put it back where it stood.
    assert [call.args for call in back.call_args_list if call.args != (0, io.SEEK_CUR)] == [(0, 2), (0,), (0,)]
    assert size == len(content)


@pytest.mark.parametrize("source", ["/no/such/file", None])
async def test_unreadable_sources_raise_before_anything_is_sent(source):
    """No such file, or nothing like a file: no request."""
    async with Loopback() as server, server.client() as client:
        with pytest.raises(S3ClientError):
            await client.upload_file("b", "k", source)
    assert server.connections == 0


class Store:
    """An object behind a Loopback that answers HEAD and ranged GET; `before` may break an answer."""

    def __init__(self, body, before=None, etag=None):
        self.body = body
        self.before = before or (lambda request, response: response)
        self.etag = etag or f'"{hashlib.md5(body).hexdigest()}"'
        self.gets = 0

    async def __call__(self, request):
        if request.method == "HEAD":
            return answer(length=len(self.body), ETag=self.etag, x_amz_version_id="v")
        self.gets += 1
        asked = request.headers.get("range")
        if asked is None:
            return await self._broken(request, SimpleNamespace(status=200, body=self.body, headers={"ETag": self.etag}))
        first, last = (int(edge) for edge in asked.removeprefix("bytes=").split("-"))
        part = self.body[first : last + 1]
        headers = {"Content_Range": f"bytes {first}-{last}/{len(self.body)}", "ETag": self.etag}
        return await self._broken(request, SimpleNamespace(status=206, body=part, headers=headers))

    async def _broken(self, request, response):
        response = self.before(request, response)
        if hasattr(response, "status"):
            return answer(response.status, response.body, **response.headers)
        return await response if hasattr(response, "__await__") else response


PWRITEV = getattr(os, "pwritev", None)
RANGES = TransferConfig(multipart_threshold=10, multipart_chunksize=10, max_concurrency=3)
BODY = bytes(range(95))


def only_the_target(tmp_path):
    return [path.name for path in tmp_path.iterdir()]


async def test_downloads_small_objects_in_one_request(tmp_path):
    """Up to the threshold: one GET, under If-Match, and the file is there."""
    store, progress = Store(BODY), []
    async with Loopback(store) as server, server.client() as client:
        result = await client.download_file("b", "k", tmp_path / "f", progress_callback=progress.append, version_id="v")
    assert result == {"path": tmp_path / "f", "size": 95, "etag": hashlib.md5(BODY).hexdigest(), "version_id": "v"}
    assert (tmp_path / "f").read_bytes() == BODY
    assert (store.gets, sum(progress)) == (1, 95)
    assert server.requests[1].headers["if-match"] == store.etag
    assert server.requests[1].params == {"versionId": "v"}


@pytest.mark.parametrize("body", [b"abc", b""])
async def test_downloads_from_a_response_made_by_hand(tmp_path, body):
    """It needs no more than `read`, as with every other operation."""
    client = S3Client("a", "b")
    response = Mock(spec=["headers", "status", "read", "text", "close"], status=200, read=AsyncMock(return_value=body))
    response.headers = {"ETag": '"e"', "Content-Length": str(len(body))}
    client._make_request = AsyncMock(return_value=response)
    await client.download_file("b", "k", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == body


async def test_downloads_empty_objects(tmp_path):
    """No range fits an empty object; its file is empty."""
    async with Loopback(Store(b"")) as server, server.client() as client:
        await client.download_file("b", "k", tmp_path / "f", RANGES)
    assert (tmp_path / "f").read_bytes() == b""


@pytest.mark.parametrize(("size", "ranges"), [(89, 9), (90, 9), (91, 10)])
async def test_downloads_large_objects_in_ranges(tmp_path, size, ranges):
    """Every byte once, all ranges under If-Match of the same ETag, an older file replaced."""
    (tmp_path / "f").write_bytes(b"old")
    store = Store(BODY[:size])
    async with Loopback(store) as server, server.client() as client:
        await client.download_file("b", "k", str(tmp_path / "f"), RANGES)
    assert (tmp_path / "f").read_bytes() == BODY[:size]
    assert store.gets == ranges
    assert {request.headers["if-match"] for request in server.requests[1:]} == {store.etag}
    assert only_the_target(tmp_path) == ["f"]


def _as_ever(fd, pieces, position):
    return PWRITEV(fd, pieces, position)


def _as_on_a_full_disk(fd, pieces, position):
    return PWRITEV(fd, [b"".join(pieces)[:3]], position)


@pytest.mark.parametrize("pwritev", [_as_ever, _as_on_a_full_disk, None])
async def test_ranges_are_written_where_they_belong(tmp_path, monkeypatch, pwritev):
    """Windows has no pwritev, and anywhere it may write less than it got."""
    monkeypatch.delattr(os, "pwritev") if pwritev is None else monkeypatch.setattr(os, "pwritev", pwritev)
    async with Loopback(Store(BODY)) as server, server.client() as client:
        await client.download_file("b", "k", tmp_path / "f", RANGES)
    assert (tmp_path / "f").read_bytes() == BODY


def test_a_block_may_have_arrived_in_very_many_pieces(tmp_path):
    """The kernel takes some thousand at a time."""
    pieces = [b"%d" % number for number in range(5000)]
    with (tmp_path / "f").open("x+b") as file:
        assert _download._write(SimpleNamespace(file=file), 1, pieces) == len(b"".join(pieces))
    assert (tmp_path / "f").read_bytes() == b"\0" + b"".join(pieces)


async def test_a_broken_range_is_resumed_where_it_stopped(tmp_path):
    """After a truncation only the missing bytes are asked for."""

    def before(request, response):
        if request.headers["range"] == "bytes=20-29":
            headers = {**response.headers}
            return cut(answer(206, response.body[:4], length=10, **headers))(request)
        return response

    async with Loopback(Store(BODY, before)) as server, server.client() as client:
        await client.download_file("b", "k", tmp_path / "f", RANGES)
    assert (tmp_path / "f").read_bytes() == BODY
    assert "bytes=24-29" in [request.headers.get("range") for request in server.requests]


async def test_a_consistently_short_range_is_noticed(tmp_path):
    """A 206 whose Content-Length and Content-Range agree on fewer bytes than asked for is resumed as well."""

    def before(request, response):
        if request.headers["range"] == "bytes=20-29":
            response.body, response.headers["Content_Range"] = response.body[:4], "bytes 20-23/95"
        return response

    async with Loopback(Store(BODY, before)) as server, server.client() as client:
        await client.download_file("b", "k", tmp_path / "f", RANGES)
    assert (tmp_path / "f").read_bytes() == BODY


@pytest.mark.parametrize(("breaks", "attempts", "works"), [(2, 3, True), (3, 3, False), (1, 1, False)])
async def test_a_range_is_given_up_after_so_many_attempts(tmp_path, breaks, attempts, works):
    """The bound is exact; a download given up leaves no file, not even the old one changed."""
    left = [breaks]

    def before(request, response):
        if request.headers["range"].endswith("-29") and left[0]:
            left[0] -= 1
            return hang_up(request)
        return response

    (tmp_path / "f").write_bytes(b"old")
    async with Loopback(Store(BODY, before)) as server, server.client() as client:
        if works:
            await client.download_file("b", "k", tmp_path / "f", RANGES, attempts=attempts)
        else:
            with pytest.raises(S3ConnectionError) as caught:
                await client.download_file("b", "k", tmp_path / "f", RANGES, attempts=attempts)
            assert f"gave up on bytes 20-29 after {attempts} attempts" in caught.value.__notes__
    assert (tmp_path / "f").read_bytes() == (BODY if works else b"old")
    assert only_the_target(tmp_path) == ["f"]


async def test_an_object_replaced_meanwhile_fails(tmp_path):
    """A 412 to one range ends the download: the file would be torn."""

    def before(request, response):
        return (
            response if request.headers["range"] == "bytes=0-9" else SimpleNamespace(status=412, body=b"", headers={})
        )

    async with Loopback(Store(BODY, before)) as server, server.client() as client:
        with pytest.raises(S3ClientError) as caught:
            await client.download_file("b", "k", tmp_path / "f", RANGES)
    assert caught.value.error_code == "PreconditionFailed"
    assert only_the_target(tmp_path) == []


@pytest.mark.parametrize(
    "changed", [{"status": 200}, {"headers": {"Content_Range": "bytes 0-9/95"}}, {"headers": {}}, {"body": b"x" * 11}]
)
async def test_a_server_that_answers_another_range_is_not_believed(tmp_path, changed):
    """A 200, a wrong or missing Content-Range, or too many bytes: S3ResponseError."""

    def before(request, response):
        if request.headers["range"] == "bytes=20-29":
            vars(response).update(changed)
        return response

    async with Loopback(Store(BODY, before)) as server, server.client() as client:
        with pytest.raises(S3ResponseError):
            await client.download_file("b", "k", tmp_path / "f", RANGES)
    assert only_the_target(tmp_path) == []


@pytest.mark.parametrize("config", [RANGES, TransferConfig()])
async def test_a_file_with_wrong_bytes_does_not_appear(tmp_path, config):
    """The whole is held to the ETag even where each range looked right."""
    store = Store(BODY)
    store.body = b"!" + BODY[1:]
    async with Loopback(store) as server, server.client() as client:
        with pytest.raises(S3IntegrityError):
            await client.download_file("b", "k", tmp_path / "f", config)
    assert only_the_target(tmp_path) == []


@contextlib.contextmanager
def generators_watched():
    """Yield those that have begun; one that the loop had to close later is kept as well."""
    begun, late = weakref.WeakSet(), []
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(begun.add, late.append)
    try:
        yield lambda: late + [generator for generator in begun if generator.ag_frame is not None]
    finally:
        sys.set_asyncgen_hooks(*hooks)


@pytest.mark.parametrize("config", [RANGES, TransferConfig()])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_download_cancelled_at_any_moment_leaves_nothing_at_once(tmp_path, monkeypatch, config, times):
    """No task, no open generator, no file, without one more round of the loop."""

    async def here(act, *args):  # a thread takes any number of rounds
        await asyncio.sleep(0)
        return act(*args)

    monkeypatch.setattr(asyncio, "to_thread", here)
    async with Loopback(Store(BODY)) as server, server.client() as client:
        await client.download_file("b", "k", tmp_path / "f", config)  # connections and their tasks stay from here on
        for rounds in range(1, 300):
            with generators_watched() as left:
                there = asyncio.all_tasks()
                task = asyncio.create_task(client.download_file("b", "k", tmp_path / "f", config))
                for _ in range(rounds):
                    await asyncio.sleep(0)
                ended = task.done()
                for _ in range(times):
                    task.cancel()
                    if times > 1:
                        await asyncio.sleep(0)
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                ours = [one for one in asyncio.all_tasks() - there if "download" in repr(one) or "worker" in repr(one)]
                assert (ours, left(), only_the_target(tmp_path)) == ([], [], ["f"])
            if ended:
                break
    assert ended


async def test_a_block_is_written_while_the_next_one_arrives(tmp_path, monkeypatch):
    """A disk that is slow for a moment does not stop the reading."""
    arrived = asyncio.Event()

    async def blocks(*_, **__):
        yield [BODY[:50]]
        arrived.set()
        yield [BODY[50:]]

    async def slowly(act, *args):
        await asyncio.wait_for(arrived.wait(), 2)
        return act(*args)

    monkeypatch.setattr(_download, "_blocks", blocks)
    monkeypatch.setattr(asyncio, "to_thread", slowly)
    async with Loopback(Store(BODY)) as server, server.client() as client:
        await client.download_file("b", "k", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY


async def test_a_cancelled_download_leaves_nothing(tmp_path):
    """CancelledError, no file, no temporary file."""
    arrived = asyncio.Event()

    async def never(request):
        arrived.set()
        await asyncio.Event().wait()

    async with Loopback(Store(BODY, lambda request, response: never(request))) as server, server.client() as client:
        task = asyncio.create_task(client.download_file("b", "k", tmp_path / "f", RANGES))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert only_the_target(tmp_path) == []


async def test_downloads_check_their_arguments(tmp_path):
    """No attempts, no request; no object, no file; a HEAD without length is no S3."""
    async with Loopback([answer(404), b"HTTP/1.1 200 OK\r\nETag: e\r\n\r\n"]) as server, server.client() as client:
        with pytest.raises(ValueError, match="attempts"):
            await client.download_file("b", "k", tmp_path / "f", attempts=0)
        with pytest.raises(S3NotFoundError):
            await client.download_file("b", "k", tmp_path / "f")
        with pytest.raises(S3ResponseError, match="Content-Length"):
            await client.download_file("b", "k", tmp_path / "f")
    assert only_the_target(tmp_path) == []
