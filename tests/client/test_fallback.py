"""Reading from the second and third best source: which one answers, and that no key leads out of the local folder."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3_asyncio_client import _cache, fallback
from s3_asyncio_client._core.cache_names import HASHED, UNFINISHED, hashed_name, plain_name
from s3_asyncio_client.exceptions import (
    CircuitOpenError,
    S3AccessDeniedError,
    S3ConnectionError,
    S3Error,
    S3IntegrityError,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ServerError,
)
from s3_asyncio_client.fallback import S3NowhereFoundError, S3WithFallback

AWAY = S3ServerError("away", 503, "ServiceUnavailable")


class Reader:
    """A client that answers every read in one way, and keeps what it was asked for."""

    def __init__(self, outcome):
        self.outcome = outcome
        self.asked = []

    async def get_object(self, bucket, key):
        self.asked.append((bucket, key))
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return {"body": self.outcome, "etag": "e"}


def cached(folder: Path, name: str, body: bytes = b"cached") -> Path:
    """Put a file into the cache by hand."""
    path = folder / "bucket" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


async def test_the_primary_answers_alone():
    """Its whole answer comes back with its source, and nobody else is asked."""
    second = Reader(b"second")
    reader = S3WithFallback(Reader(b"first"), second)
    assert await reader.get_object_with_fallback("bucket", "key") == {
        "body": b"first",
        "etag": "e",
        "source": "primary",
    }
    assert second.asked == []


@pytest.mark.parametrize(
    "error",
    [
        AWAY,
        S3NotFoundError(),
        S3AccessDeniedError(),
        S3ConnectionError("x"),
        S3IntegrityError("x"),
        S3Error("x", 301),
        CircuitOpenError(),
        ConnectionResetError(),
        TimeoutError(),
    ],
    ids=repr,
)
async def test_any_failure_of_s3_passes_the_read_on(error):
    """Refusals and missing objects too: the other endpoint may have other rights and other objects."""
    reader = S3WithFallback(Reader(error), second := Reader(b"second"))
    assert (await reader.get_object_with_fallback("bucket", "key"))["source"] == "fallback"
    assert second.asked == [("bucket", "key")]


@pytest.mark.parametrize("error", [TypeError("x"), ValueError("x"), asyncio.CancelledError(), KeyError("x")], ids=repr)
async def test_mistakes_and_cancellation_are_raised_at_once(error):
    """They are no outage, and another source would hide them."""
    reader = S3WithFallback(Reader(error), second := Reader(b"second"))
    with pytest.raises(type(error)):
        await reader.get_object_with_fallback("bucket", "key")
    assert second.asked == []


async def test_the_local_folder_is_the_last_resort(tmp_path):
    """A file put there by hand is found; the answer has the keys of get_object, and says that it is old, and how."""
    path = cached(tmp_path, "a/b.txt")
    os.utime(path, (0, 1_000_000_000))
    reader = S3WithFallback(Reader(AWAY), Reader(AWAY), str(tmp_path))
    found = await reader.get_object_with_fallback("bucket", "a/b.txt")
    assert found.pop("age_s") > 500_000_000
    assert found == {
        "body": b"cached",
        "content_type": "text/plain",
        "content_length": 6,
        "etag": None,
        "last_modified": "Sun, 09 Sep 2001 01:46:40 GMT",
        "version_id": None,
        "server_side_encryption": None,
        "metadata": {},
        "stale": True,
        "source": "local_cache",
    }


@pytest.mark.parametrize(
    "key", ["a", "100%.txt", "%by-hash", "ü/日本 1.txt", ".hidden", "..a/b", "a.part", "A~1", "x" * 255]
)
async def test_plain_keys_are_files_that_people_can_name(tmp_path, key):
    """cache_dir/bucket/key it is, for reading and for writing."""
    cached(tmp_path, key)
    found = await S3WithFallback(Reader(AWAY), None, tmp_path).get_object_with_fallback("bucket", key)
    assert found["body"] == b"cached"
    await S3WithFallback(Reader(b"new"), None, tmp_path, write_through=True).get_object_with_fallback("bucket", key)
    assert (tmp_path / "bucket" / key).read_bytes() == b"new"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "bucket" / key]


async def test_nothing_has_it(tmp_path):
    """An S3NotFoundError with what each source raised, as a tuple and as a group for except*."""
    first, second = S3ServerError("away", 503), S3ConnectionError("reset")
    reader = S3WithFallback(Reader(first), Reader(second), tmp_path)
    with pytest.raises(S3NotFoundError) as caught:
        await reader.get_object_with_fallback("bucket", "key")
    error = caught.value
    assert isinstance(error, S3NowhereFoundError)
    assert error.causes[:2] == (first, second)
    assert isinstance(error.causes[2], FileNotFoundError)
    assert isinstance(error.__cause__, ExceptionGroup)
    assert error.__cause__.exceptions == error.causes
    assert (error.operation, error.bucket, error.key) == ("GetObject", "bucket", "key")
    assert "primary: HTTP 503: away; fallback: reset; local_cache: " in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.absent, len(again.causes)) == (str(error), False, 3)


@pytest.mark.parametrize(
    ("first", "second", "absent"),
    [
        (S3NotFoundError(), S3NotFoundError(), True),
        (S3NotFoundError(), None, True),
        (S3NotFoundError(), AWAY, False),
        (AWAY, S3NotFoundError(), False),
        (AWAY, None, False),
    ],
)
async def test_absent_and_out_of_reach_can_be_told_apart(first, second, absent):
    """Only if all S3s said 404 is the status 404: a writer of defaults must not take an outage for an empty bucket."""
    reader = S3WithFallback(Reader(first), second and Reader(second))
    with pytest.raises(S3NowhereFoundError) as caught:
        await reader.get_object_with_fallback("bucket", "key")
    assert caught.value.absent is absent
    assert (caught.value.status_code, caught.value.error_code) == ((404, "NoSuchKey") if absent else (None, None))


async def test_a_missing_object_can_be_final(tmp_path):
    """Then the primary's own 404 comes out, though an old copy is there; an outage still falls through."""
    cached(tmp_path, "key")
    missing = S3NotFoundError()
    reader = S3WithFallback(Reader(missing), second := Reader(b"second"), tmp_path, missing_is_final=True)
    with pytest.raises(S3NotFoundError) as caught:
        await reader.get_object_with_fallback("bucket", "key")
    assert caught.value is missing
    assert second.asked == []
    reader = S3WithFallback(Reader(AWAY), Reader(missing), tmp_path, missing_is_final=True)
    assert (await reader.get_object_with_fallback("bucket", "key"))["source"] == "local_cache"


ESCAPES = ["../secret", "../../secret", "a/../../secret", "..", ".", "a/..", "./secret", "a//b", "/a", "a/", "/", "//"]
ODD = ["a\0b", "C:\\x", "..\\secret", "a:b", "con", "NUL.txt", "com1.tar.gz", "dot.", "space ", "a\nb", "*?", '"<>|']
LONG = ["y" * 256, "é" * 128, "z/" * 511 + "z", f"a{UNFINISHED}"]


@pytest.mark.parametrize("key", ESCAPES + ODD + LONG, ids=lambda key: repr(key)[:20])
async def test_no_key_leads_out_of_the_folder(tmp_path, key):
    """It is neither read nor written outside, and still kept: what was written is found again, under this key alone."""
    folder = tmp_path / "deep" / "cache"
    for outside in (tmp_path, tmp_path / "deep", folder):
        outside.mkdir(exist_ok=True)
        (outside / "secret").write_bytes(b"secret")
    (folder / "bucket").mkdir()
    lost = S3WithFallback(Reader(AWAY), None, folder)
    with pytest.raises(S3NowhereFoundError):
        await lost.get_object_with_fallback("bucket", key)
    await S3WithFallback(Reader(b"mine"), None, folder, write_through=True).get_object_with_fallback("bucket", key)
    assert (await lost.get_object_with_fallback("bucket", key))["body"] == b"mine"
    assert [path.read_bytes() for path in sorted(tmp_path.rglob("secret"))] == [b"secret"] * 3
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "secret"]
    assert len(written) == 1
    assert written[0].is_relative_to(folder)


async def test_an_absolute_key_is_not_a_path(tmp_path):
    """A key that is the full path of a file does not give that file."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    for key in (str(outside), f"/{outside}", f"file://{outside}"):
        with pytest.raises(S3NowhereFoundError):
            await S3WithFallback(Reader(AWAY), None, tmp_path / "cache").get_object_with_fallback("bucket", key)


SEGMENT = st.sampled_from(
    ["", ".", "..", "a", "A", "%", HASHED, "con", "\\", "\0", ":", " ", "é", "x" * 255, "é" * 128, "b.s3part"]
)
KEYS = st.lists(SEGMENT | st.text(st.characters(codec="utf-8"), max_size=5), min_size=1, max_size=4).map("/".join)


@given(first=KEYS, second=KEYS)
@example(first="..", second="%by-hash")
@example(first="x" * 255, second="x" * 256)
def test_names_stay_inside_and_apart(first, second):
    """Whatever the key: no name is special to a file system, and two keys never share one."""
    names = {}
    for key in {first, second}:
        for parts in (plain_name("bucket", key), hashed_name("bucket", key)):
            if parts is not None:
                assert not set(parts) & {"", ".", ".."}
                assert not any(character in part for part in parts for character in "/\\\0:")
                assert all(len(part.encode()) <= 255 for part in parts)
                assert names.setdefault(parts, key) == key
        assert plain_name("bucket", key) in (None, ("bucket", *key.split("/")))


def test_buckets_do_not_share_names():
    """Neither the same key of two buckets, nor a bucket and key that join to the same text."""
    assert hashed_name("a", "b/c") != hashed_name("b", "b/c")
    assert hashed_name("a", "b/c")[0] == HASHED


@pytest.mark.parametrize("order", [["a", "a/b", "a/b/c"], ["a/b/c", "a/b", "a"]])
async def test_a_key_may_be_the_beginning_of_another(tmp_path, order):
    """S3 has "a" beside "a/b", file systems have not; both are kept."""
    for key in order:
        keeper = S3WithFallback(Reader(key.encode()), None, tmp_path, write_through=True)
        await keeper.get_object_with_fallback("bucket", key)
    for key in order:
        found = await S3WithFallback(Reader(AWAY), None, tmp_path).get_object_with_fallback("bucket", key)
        assert found["body"] == key.encode()


async def test_the_newest_copy_counts(tmp_path):
    """When both the plain and the hashed name have a file, the later one is served, whichever that is."""
    reader = S3WithFallback(Reader(AWAY), None, tmp_path)
    plain, hashed = cached(tmp_path, "key", b"plain"), tmp_path.joinpath(*hashed_name("bucket", "key"))
    hashed.parent.mkdir()
    hashed.write_bytes(b"hashed")
    for newest, body in ((plain, b"plain"), (hashed, b"hashed")):
        os.utime(plain, (0, 1000))
        os.utime(hashed, (0, 1000))
        os.utime(newest, (0, 1001))
        assert (await reader.get_object_with_fallback("bucket", "key"))["body"] == body


@pytest.mark.parametrize(("age", "served"), [(9, True), (10, True), (11, False), (-5, True)])
async def test_copies_can_be_too_old(tmp_path, monkeypatch, age, served):
    """Up to max_age_s seconds they are served with their age; a file from the future is 0 s old."""
    os.utime(cached(tmp_path, "key"), (0, 1000))
    monkeypatch.setattr(_cache, "time", SimpleNamespace(time=lambda: 1000.0 + age))
    reader = S3WithFallback(Reader(AWAY), None, tmp_path, max_age_s=10)
    if served:
        assert (await reader.get_object_with_fallback("bucket", "key"))["age_s"] == max(age, 0)
    else:
        with pytest.raises(S3NowhereFoundError, match="the copy is 11 s old, at most 10 s are allowed"):
            await reader.get_object_with_fallback("bucket", "key")


async def test_the_fallback_is_kept_too_but_a_copy_is_not_made_younger(tmp_path):
    """Write-through keeps what a client gave; what came from the folder stays as old as it is."""
    reader = S3WithFallback(Reader(AWAY), Reader(b"second"), tmp_path, write_through=True)
    await reader.get_object_with_fallback("bucket", "key")
    path = tmp_path / "bucket" / "key"
    assert path.read_bytes() == b"second"
    os.utime(path, (0, 1000))
    reader = S3WithFallback(Reader(AWAY), None, tmp_path, write_through=True)
    assert (await reader.get_object_with_fallback("bucket", "key"))["source"] == "local_cache"
    assert path.stat().st_mtime == 1000


async def test_nothing_is_written_unless_asked_for(tmp_path):
    """By default the folder is only read."""
    await S3WithFallback(Reader(b"body"), None, tmp_path).get_object_with_fallback("bucket", "key")
    assert list(tmp_path.iterdir()) == []


async def test_a_copy_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch, caplog):
    """While it is written the old one is read; if writing fails, the read succeeds and leaves nothing behind."""
    path = cached(tmp_path, "key", b"old")
    seen = []

    def full(descriptor):
        seen.append(path.read_bytes())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_cache.os, "fsync", full)
    reader = S3WithFallback(Reader(b"new"), None, tmp_path, write_through=True)
    with caplog.at_level(logging.WARNING):
        assert (await reader.get_object_with_fallback("bucket", "key"))["body"] == b"new"
    assert "bucket/key could not be kept in the local cache" in caplog.text
    assert seen[0] == path.read_bytes() == b"old"
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


async def test_who_reads_the_old_copy_reads_it_to_its_end(tmp_path):
    """The new copy takes the old one's name, not its place on the disk."""
    with cached(tmp_path, "key", b"old").open("rb") as old:
        await S3WithFallback(Reader(b"new"), None, tmp_path, write_through=True).get_object_with_fallback(
            "bucket", "key"
        )
        assert old.read() == b"old"
    assert (tmp_path / "bucket" / "key").read_bytes() == b"new"


async def test_concurrent_reads_leave_one_whole_copy(tmp_path):
    """Each writes a file of its own; the last one to be named wins."""
    bodies = [bytes([number]) * 100_000 for number in range(20)]
    readers = [S3WithFallback(Reader(body), None, tmp_path, write_through=True) for body in bodies]
    await asyncio.gather(*(reader.get_object_with_fallback("bucket", "key") for reader in readers))
    assert (tmp_path / "bucket" / "key").read_bytes() in bodies
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("name", ["read_cached", "write_cached"])
async def test_the_disk_is_not_waited_for_on_the_event_loop(tmp_path, monkeypatch, name):
    """Files are read and written in another thread."""
    threads, function = [], getattr(fallback, name)

    def spy(*arguments):
        threads.append(threading.get_ident())
        return function(*arguments)

    monkeypatch.setattr(fallback, name, spy)
    cached(tmp_path, "key")
    outcome = AWAY if name == "read_cached" else b"body"
    await S3WithFallback(Reader(outcome), None, tmp_path, write_through=True).get_object_with_fallback("bucket", "key")
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


async def test_what_is_no_file_is_no_copy(tmp_path):
    """A folder, or a pipe that nobody writes to, is passed over; what cannot be read is told."""
    (tmp_path / "bucket" / "folder").mkdir(parents=True)
    os.mkfifo(tmp_path / "bucket" / "pipe")
    (tmp_path / "bucket" / "loop").symlink_to("loop")
    reader = S3WithFallback(Reader(AWAY), None, tmp_path)
    for key, cause in (("folder", FileNotFoundError), ("pipe", FileNotFoundError), ("loop", OSError)):
        with pytest.raises(S3NowhereFoundError) as caught:
            await reader.get_object_with_fallback("bucket", key)
        assert type(caught.value.causes[-1]) is cause


def test_another_spelling_is_another_key(tmp_path, monkeypatch):
    """Where "KEY" opens the file "key", the name on disk is compared."""
    cached(tmp_path, "Dir/key")
    monkeypatch.setattr(_cache, "_IGNORES_CASE", True)
    assert _cache._spelled_so(tmp_path, ("bucket", "Dir", "key"))
    assert not _cache._spelled_so(tmp_path, ("bucket", "Dir", "KEY"))
    assert _cache.read_cached(tmp_path, "bucket", "Dir/key", None)["body"] == b"cached"


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"max_age_s": -1}, ValueError, "max_age_s must be 0 or more seconds, got -1"),
        ({"max_age_s": float("nan")}, ValueError, "max_age_s"),
        ({"max_age_s": "1"}, TypeError, "max_age_s must be a number of seconds or None, not str"),
        ({"write_through": True}, ValueError, "needs a local_cache_dir"),
    ],
)
def test_settings_that_cannot_be(options, error, says):
    """They are refused when the reader is made."""
    with pytest.raises(error, match=says):
        S3WithFallback(Reader(b""), **options)


@pytest.mark.parametrize(("bucket", "key"), [("", "key"), ("bucket", ""), ("../x", "key"), ("bucket", "k" * 1025)])
async def test_names_that_cannot_be_are_not_asked_for(tmp_path, bucket, key):
    """They are the caller's mistake and no outage."""
    reader = S3WithFallback(first := Reader(b""), None, tmp_path)
    with pytest.raises(S3InvalidRequestError):
        await reader.get_object_with_fallback(bucket, key)
    assert first.asked == []


def test_what_it_was_given_can_be_read_back(tmp_path):
    """The three sources are attributes, as they were given."""
    first, second = Reader(b""), Reader(b"")
    reader = S3WithFallback(first, second, tmp_path)
    assert (reader.primary, reader.fallback, reader.cache_dir) == (first, second, tmp_path)
    assert (S3WithFallback(first).fallback, S3WithFallback(first).cache_dir) == (None, None)


@pytest.mark.parametrize("link", ["bucket", "bucket/folder"])
async def test_write_through_follows_no_link_out_of_its_folder(tmp_path, link):
    """The copy goes by its hash instead, and what the link leads to stays as it was."""
    outside, folder = tmp_path / "outside", tmp_path / "cache"
    outside.mkdir()
    (folder / link).parent.mkdir(parents=True, exist_ok=True)
    (folder / link).symlink_to(outside)
    primary = Reader(b"body")
    reader = S3WithFallback(primary, None, folder, write_through=True)
    await reader.get_object_with_fallback("bucket", "folder/key")
    assert list(outside.iterdir()) == []
    primary.outcome = AWAY
    assert (await reader.get_object_with_fallback("bucket", "folder/key"))["body"] == b"body"
