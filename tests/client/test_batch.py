"""Many uploads at once: what failed is known, and what is repeated is the file's own bytes under its own key."""

from __future__ import annotations

import asyncio
import io
import logging
import re
from unittest.mock import AsyncMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_asyncio_client import S3Client
from s3_asyncio_client._body import is_file
from s3_asyncio_client.batch import (
    StreamSource,
    resilient_batch_upload,
    retry_failed_uploads,
    upload_files_with_error_handling,
)
from s3_asyncio_client.exceptions import (
    CircuitOpenError,
    S3AccessDeniedError,
    S3InvalidRequestError,
    S3ServerError,
)


def away() -> S3ServerError:
    return S3ServerError("away", 503, "SlowDown")


class Bucket:
    """A client that stores what it reads, after failing as it was told; what it read before failing is lost.

    Args:
        script: Key to the outcomes of its attempts, in order; exceptions are raised, then uploads succeed.
        hold: Keys whose upload waits for ever.
    """

    def __init__(self, script=None, hold=()):
        self.script = {key: list(outcomes) for key, outcomes in (script or {}).items()}
        self.hold = hold
        self.stored = {}
        self.sent = []
        self.now = self.most = 0
        self.held = 0
        self.two_held = asyncio.Event()

    async def put_object(self, bucket, key, data, *, content_length=None):
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if key in self.hold:
                self.held += 1
                if self.held == 2:
                    self.two_held.set()
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            body = await self._body(data)
            assert content_length in (None, len(body))
            self.sent.append((key, body))
            if outcomes := self.script.get(key):
                raise outcomes.pop(0)
            self.stored[key] = body
            return {"etag": f"etag of {key}"}
        finally:
            self.now -= 1

    async def upload_file(self, bucket, key, file_source):
        if is_file(file_source):
            return await self.put_object(bucket, key, file_source)
        with open(file_source, "rb") as file:  # noqa: ASYNC230, PTH123 - small, and a str is a path too
            return await self.put_object(bucket, key, file)

    async def _body(self, data):
        if isinstance(data, bytes):
            return data
        return data.read() if is_file(data) else b"".join([piece async for piece in data])


FILES = [(name, name.encode() * 3) for name in "abcdef"]


async def test_each_file_is_sorted_by_how_it_went():
    """Stored, failed, or a mistake in a program: exactly one of them for each file, in the order given."""
    denied, mistake = S3AccessDeniedError("no"), KeyError("oops")
    script = {"b": [denied], "d": [mistake], "e": [ConnectionResetError("gone")], "f": [CircuitOpenError()]}
    result = await upload_files_with_error_handling(Bucket(script), "bucket", FILES)
    assert result["successful"] == [
        {"key": key, "success": True, "result": {"etag": f"etag of {key}"}, "error": None} for key in ("a", "c")
    ]
    assert result["failed"][0] == {
        "key": "b",
        "success": False,
        "result": None,
        "error": "AccessDenied (403): no",
        "exception": denied,
        "data": b"bbb",
    }
    assert [entry["key"] for entry in result["failed"]] == ["b", "e", "f"]
    assert result["exceptions"] == [mistake]
    assert mistake.__notes__ == ["while uploading bucket/d"]


async def test_a_mocked_client_will_do():
    """put_object is called with bucket, key and data, and nothing else."""
    client = AsyncMock()
    client.put_object.side_effect = [{"etag": "1"}, S3ServerError("Temporary", 500), {"etag": "2"}]
    files = [("a", b"1"), ("b", b"2")]
    result = await resilient_batch_upload(client, "bucket", files, max_concurrent=1, base_delay=0)
    assert (result["successful"], result["failed"]) == (2, 0)
    assert [call.args for call in client.put_object.await_args_list] == [
        ("bucket", "a", b"1"),
        ("bucket", "b", b"2"),
        ("bucket", "b", b"2"),
    ]
    assert all(call.kwargs == {} for call in client.put_object.await_args_list)


@pytest.mark.parametrize("most", [1, 2, 5, 6, 7])
@pytest.mark.parametrize("upload", [upload_files_with_error_handling, resilient_batch_upload])
async def test_as_many_at_a_time_as_allowed(upload, most):
    """Neither more nor fewer."""
    client = Bucket()
    await upload(client, "bucket", FILES, max_concurrent=most)
    assert client.most == min(most, len(FILES))


async def test_the_second_pass_is_bounded_too():
    """Repeats are as many at a time as first attempts."""
    client = Bucket({key: [away(), away()] for key, _ in FILES})
    await resilient_batch_upload(client, "bucket", FILES, max_concurrent=2, base_delay=0)
    assert client.most == 2


async def test_the_second_pass_sends_each_files_own_bytes():
    """Under its own key; and the counts are those after it, the details in the order given."""
    client = Bucket({"b": [away()], "d": [away(), away()], "f": [away() for _ in range(4)]})
    result = await resilient_batch_upload(client, "bucket", FILES, max_concurrent=3, base_delay=0)
    assert (result["successful"], result["failed"]) == (5, 1)
    assert client.stored == {key: data for key, data in FILES if key != "f"}
    assert all(body == dict(FILES)[key] for key, body in client.sent)
    assert [entry["key"] for entry in result["details"]["successful"]] == ["a", "b", "c", "d", "e"]
    (failed,) = result["details"]["failed"]
    assert (failed["key"], failed["data"]) == ("f", b"fff")
    assert failed["exception"].__notes__ == ["gave up after 3 attempts"]


@pytest.mark.parametrize(("failures", "stored"), [(0, True), (1, True), (3, True), (4, False)])
async def test_how_often_a_file_is_tried(failures, stored):
    """Once in the first pass, and once and max_retries times in the second."""
    client = Bucket({"a": [away() for _ in range(failures)]})
    result = await resilient_batch_upload(client, "bucket", [("a", b"a")], max_retries=2, base_delay=0)
    assert (result["successful"], result["failed"]) == ((1, 0) if stored else (0, 1))
    assert len(client.sent) == min(failures + 1, 4)


async def test_what_is_not_worth_repeating_gets_one_more_attempt():
    """A refusal may have been lifted meanwhile; a mistake in a program is not repeated at all."""
    client = Bucket({"a": [S3AccessDeniedError(), S3AccessDeniedError()], "b": [KeyError("x"), KeyError("x")]})
    result = await resilient_batch_upload(client, "bucket", FILES[:3], base_delay=0)
    assert [key for key, _ in client.sent] == ["a", "b", "c", "a"]
    assert (result["successful"], result["failed"]) == (1, 2)
    assert [type(entry["exception"]) for entry in result["details"]["failed"]] == [S3AccessDeniedError, KeyError]


def sources(folder):
    """The same ten bytes in every form that can be uploaded."""

    async def pieces():
        yield b"01234"
        yield b"56789"

    (folder / "file").write_bytes(b"0123456789")
    opened = io.BytesIO(b"head0123456789")
    opened.seek(4)
    return [
        ("bytes", b"0123456789"),
        ("bytearray", bytearray(b"0123456789")),
        ("memoryview", memoryview(b"0123456789")),
        ("path", folder / "file"),
        ("str", str(folder / "file")),
        ("open", opened),
        ("stream", StreamSource(factory=pieces, length=10)),
    ]


async def test_every_source_can_be_sent_again(tmp_path):
    """Files are rewound to where they stood, streams are made anew: each attempt sends all bytes."""
    files = sources(tmp_path)
    client = Bucket({key: [away(), away(), away()] for key, _ in files})
    assert (await resilient_batch_upload(client, "bucket", files, base_delay=0))["failed"] == 0
    assert client.stored == {key: b"0123456789" for key, _ in files}
    assert sorted(client.sent) == sorted([(key, b"0123456789") for key, _ in files] * 4)
    assert dict(files)["open"].tell() == 4


async def test_a_file_that_was_moved_meanwhile_is_sent_from_where_it_stood():
    """Whoever reads the file between the two passes does not change what the second one sends."""
    opened = io.BytesIO(b"whole")
    client = Bucket({"a": [away()]})
    files = [("a", opened)]
    await resilient_batch_upload(client, "bucket", files, base_delay=0, progress=lambda _: opened.read(3))
    assert client.sent == [("a", b"whole")] * 2


async def test_later_changes_of_a_buffer_are_not_sent():
    """A bytearray is copied when the batch begins."""
    buffer = bytearray(b"before")
    client = Bucket({"a": [away()]})
    batch = asyncio.create_task(resilient_batch_upload(client, "bucket", [("a", buffer)], base_delay=0))
    await asyncio.sleep(0)
    buffer[:] = b"after!"
    await batch
    assert client.sent == [("a", b"before")] * 2


async def test_streams_are_closed_after_each_attempt():
    """A generator that was not read to its end runs its finally at once, not when it is collected."""
    ended = []

    async def pieces():
        try:
            yield b"x"
        finally:
            ended.append(1)

    class Impatient(Bucket):
        async def _body(self, data):
            await anext(data)
            raise away()

    source = StreamSource(factory=pieces, length=1)
    await upload_files_with_error_handling(Impatient(), "bucket", [("a", source)])
    assert ended == [1]


async def test_a_stream_that_is_still_read_does_not_hide_why_its_upload_failed():
    """The request's own error comes out though the generator cannot be closed yet."""
    readers = []

    async def pieces():
        yield b"x"
        await asyncio.Event().wait()

    class Hasty(Bucket):
        async def _body(self, data):
            await anext(data)
            readers.append(asyncio.ensure_future(anext(data)))
            await asyncio.sleep(0)
            raise away()

    result = await upload_files_with_error_handling(Hasty(), "bucket", [("a", StreamSource(factory=pieces, length=2))])
    assert [entry["error"] for entry in result["failed"]] == ["SlowDown (503): away"]
    readers[0].cancel()
    await asyncio.wait(readers)


async def test_what_failed_can_be_retried_later():
    """From the entries themselves, of either function; those stored now come back in the order given."""
    script = {key: [away() for _ in range(times)] for key, times in {"b": 1, "c": 9, "e": 2}.items()}
    client = Bucket(script)
    first = await upload_files_with_error_handling(client, "bucket", FILES)
    stored = await retry_failed_uploads(client, "bucket", first["failed"], base_delay=0)
    assert [(entry["key"], entry["success"]) for entry in stored] == [("b", True), ("e", True)]
    assert client.stored == {key: data for key, data in FILES if key != "c"}
    resilient = await resilient_batch_upload(client, "bucket", [("c", b"ccc")], max_retries=0, base_delay=0)
    stored = await retry_failed_uploads(client, "bucket", resilient["details"]["failed"], max_retries=5, base_delay=0)
    assert [entry["key"] for entry in stored] == ["c"]
    assert client.stored["c"] == b"ccc"


@pytest.mark.parametrize("entry", [{"key": "a"}, {"data": b""}, {}])
async def test_entries_without_their_bytes_are_refused(entry):
    """Nothing else may be sent in their place."""
    with pytest.raises(ValueError, match="a failed upload has no"):
        await retry_failed_uploads(client := Bucket(), "bucket", [entry])
    assert client.sent == []


async def test_progress_is_told_of_every_upload():
    """Key, error, pass and how many are stored: in both passes."""
    told, error = [], away()
    client = Bucket({"b": [error]})
    await resilient_batch_upload(client, "bucket", FILES[:3], max_concurrent=1, base_delay=0, progress=told.append)
    assert [(step.key, step.error, step.second_pass, step.stored, step.total) for step in told] == [
        ("a", None, False, 1, 3),
        ("b", error, False, 1, 3),
        ("c", None, False, 2, 3),
        ("b", None, True, 3, 3),
    ]


async def test_a_progress_callback_that_raises_stops_the_batch():
    """Its exception comes out, with what was stored until then."""

    def progress(step):
        if step.stored == 2:
            raise KeyError("full")

    with pytest.raises(KeyError) as caught:
        await upload_files_with_error_handling(client := Bucket(), "bucket", FILES, max_concurrent=1, progress=progress)
    assert caught.value.stored == list(client.stored) == ["a", "b"]
    assert "2 of 6 files were stored (a, b); 0 in flight may be stored" in caught.value.__notes__[0]


@pytest.mark.parametrize("second_pass", [False, True])
async def test_cancellation_stops_all_and_says_what_was_stored(second_pass):
    """No upload goes on; what was in flight is named apart, since S3 may have it."""
    client = Bucket({"b": [away()], "d": [away()]}, hold=() if second_pass else ("c", "d"))

    def progress(step):
        if second_pass and client.script == {"b": [], "d": []}:
            client.hold = ("b", "d")

    batch = asyncio.create_task(
        resilient_batch_upload(client, "bucket", FILES[:4], max_concurrent=2, base_delay=0, progress=progress)
    )
    await client.two_held.wait()
    batch.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await batch
    assert client.now == 0
    assert caught.value.stored == (["a", "c"] if second_pass else ["a"])
    assert caught.value.in_flight == (["b", "d"] if second_pass else ["c", "d"])
    assert f"{len(caught.value.stored)} of 4 files were stored (a" in caught.value.__notes__[-1]


async def test_a_timeout_around_the_batch_is_a_timeout():
    """asyncio.timeout knows its own cancellation, and what was stored hangs on its cause."""
    client = Bucket(hold=("b",))
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.01):
            await upload_files_with_error_handling(client, "bucket", FILES)
    assert caught.value.__cause__.stored == ["a", "c", "d", "e", "f"]
    assert caught.value.__cause__.in_flight == ["b"]


async def test_an_upload_that_cancels_itself_is_one_files_failure():
    """Nobody cancelled the batch: the others go on, and the file is not lost from the count."""
    client = Bucket({"a": [asyncio.CancelledError()]})
    result = await resilient_batch_upload(client, "bucket", FILES, max_concurrent=1, base_delay=0)
    assert (result["successful"], result["failed"]) == (5, 1)
    assert isinstance(result["details"]["failed"][0]["exception"], asyncio.CancelledError)


async def test_a_long_list_of_keys_is_cut_in_the_note_only():
    """The attribute has all of them."""

    def progress(step):
        if step.stored == 30:
            raise KeyError

    files = [(f"{number:03}", b"") for number in range(40)]
    with pytest.raises(KeyError) as caught:
        await upload_files_with_error_handling(Bucket(), "bucket", files, max_concurrent=1, progress=progress)
    assert len(caught.value.stored) == 30
    assert "019 and 10 more)" in caught.value.__notes__[0]


async def test_no_files_are_no_work():
    """Empty lists and counts of 0."""
    assert await upload_files_with_error_handling(Bucket(), "bucket", []) == {
        "successful": [],
        "failed": [],
        "exceptions": [],
    }
    result = await resilient_batch_upload(Bucket(), "bucket", iter(()))
    assert result == {"successful": 0, "failed": 0, "details": {"successful": [], "failed": []}}
    assert await retry_failed_uploads(Bucket(), "bucket", []) == []


async def _never():
    yield b""


SAME = io.BytesIO(b"x")
CLOSED = io.BytesIO(b"x")
CLOSED.close()


class Pipe(io.RawIOBase):
    """A file without positions."""


@pytest.mark.parametrize(
    ("files", "error", "says"),
    [
        ([("a", b"1"), ("a", b"3")], ValueError, "'a' stands 2 times in the batch"),
        ([("a", SAME), ("a2", SAME)], ValueError, "the file for 'a2?' stands under another key as well"),
        ([("a", CLOSED)], ValueError, "the file for 'a' cannot be rewound"),
        ([("a", Pipe())], ValueError, "the file for 'a' cannot be rewound"),
        ([("a", 5)], TypeError, "the data for 'a' must be bytes, .*, not int"),
        ([("a", _never)], TypeError, "not function; wrap it: StreamSource"),
        ([("a", None)], TypeError, "not NoneType"),
    ],
)
async def test_a_file_that_cannot_be_sent_fails_by_itself(files, error, says):
    """The others are stored, and it gets no second pass."""
    for upload in (upload_files_with_error_handling, resilient_batch_upload):
        client = Bucket()
        results = await upload(client, "bucket", [*files, ("good", b"2")])
        details = results.get("details", results)
        assert [entry["key"] for entry in details["successful"]] == ["good"]
        assert [entry["key"] for entry in details["failed"]] == [key for key, _ in files]
        assert [key for key, _ in client.sent] == ["good"]
        for entry in details["failed"]:
            assert isinstance(entry["exception"], error)
            assert re.search(says, entry["error"])


@pytest.mark.parametrize("files", [["ab"], [("a", b"", b"")], [(b"a", b"")]])
async def test_what_is_no_pair_is_refused_before_anything_is_sent(files):
    """There is no key that could be told to have failed."""
    client = Bucket()
    for upload in (upload_files_with_error_handling, resilient_batch_upload):
        with pytest.raises(TypeError, match=r"files must be \(key, data\) pairs"):
            await upload(client, "bucket", [("good", b"2"), *files])
    assert client.sent == []


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"max_concurrent": 0}, ValueError, "max_concurrent must be at least 1, got 0"),
        ({"max_concurrent": 1.5}, TypeError, "max_concurrent must be an int, not float"),
        ({"max_concurrent": True}, TypeError, "max_concurrent"),
        ({"max_retries": -1}, ValueError, "max_retries"),
        ({"base_delay": float("nan")}, ValueError, "base_delay"),
        ({"base_delay": -1}, ValueError, "base_delay"),
    ],
)
async def test_numbers_that_cannot_be_are_refused_before_anything_is_sent(options, error, says):
    """Also those that only a second pass would need."""
    client = Bucket()
    with pytest.raises(error, match=says):
        await resilient_batch_upload(client, "bucket", FILES, **options)
    with pytest.raises(error, match=says):
        await retry_failed_uploads(client, "bucket", [{"key": "a", "data": b""}], **options)
    assert client.sent == []


async def test_a_bucket_that_cannot_be_is_refused():
    """It would fail for every file alike."""
    with pytest.raises(S3InvalidRequestError):
        await upload_files_with_error_handling(Bucket(), "", FILES)


async def test_a_key_that_cannot_be_is_one_files_failure():
    """The client refuses it, the others are uploaded."""
    async with S3Client("a", "b") as client:
        client._make_request = AsyncMock()
        client._make_request.return_value.headers = {"ETag": '"e"'}
        result = await upload_files_with_error_handling(client, "bucket", [("", b""), ("k" * 1025, b""), ("a", b"")])
    assert [len(result[name]) for name in ("successful", "failed", "exceptions")] == [1, 2, 0]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"factory": _never, "length": -1}, ValueError),
        ({"factory": _never, "length": 1.0}, TypeError),
        ({"factory": _never, "length": True}, TypeError),
        ({"factory": b"", "length": 0}, TypeError),
    ],
)
def test_streams_that_cannot_be(values, error):
    """They are refused when they are made."""
    with pytest.raises(error):
        StreamSource(**values)


async def test_a_failure_is_logged_without_its_secrets(caplog):
    """A warning for each file's failure, an error for a mistake."""
    secret = "https://h/b/k?X-Amz-Signature=abcdef0123"
    client = Bucket({"a": [S3ServerError(secret, 503)], "b": [KeyError(secret)]})
    with caplog.at_level(logging.WARNING):
        result = await upload_files_with_error_handling(client, "bucket", FILES)
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert "abcdef0123" not in caplog.text + result["failed"][0]["error"]


@given(
    failures=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    max_concurrent=st.integers(1, 9),
    max_retries=st.integers(0, 3),
)
def test_counts_and_bytes_are_true_whatever_fails(failures, max_concurrent, max_retries):
    """Stored is what was tried more often than it failed; counts, order and bytes say the same."""
    files = [(f"k{number}", bytes([number])) for number in range(len(failures))]
    script = {key: [away() for _ in range(times)] for (key, _), times in zip(files, failures, strict=True)}

    async def run():
        client = Bucket(script)
        options = {"max_concurrent": max_concurrent, "max_retries": max_retries, "base_delay": 0}
        return client, await resilient_batch_upload(client, "bucket", files, **options)

    client, result = asyncio.run(run())
    expected = {key: data for (key, data), times in zip(files, failures, strict=True) if times < max_retries + 2}
    assert client.stored == expected
    assert [entry["key"] for entry in result["details"]["successful"]] == list(expected)
    assert (result["successful"], result["failed"]) == (len(expected), len(files) - len(expected))
    assert client.most <= max_concurrent
