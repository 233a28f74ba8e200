"""The store: what tests arrange and assert with."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone
from hashlib import md5, sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.s3.store import S3Store
from s3_asyncio_client._core.bucket_names import bucket_name_problem, new_name_problem

NOW = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store():
    """Return an empty store whose clock stands."""
    return S3Store(now=lambda: NOW)


def test_gives_back_what_was_put(store):
    """`put` keeps bytes, metadata and headers, and works out ETag, size and time."""
    put = store.put("bucket", "a/b", b"data", content_type="text/x", metadata={"Who": "me"}, cache_control="no-store")
    got = store.get("bucket", "a/b")
    assert got is put
    assert (got.body, got.size, got.parts, got.content_type) == (b"data", 4, 0, "text/x")
    assert got.etag == md5(b"data").hexdigest()
    assert dict(got.metadata) == {"who": "me"}
    assert dict(got.headers) == {"cache-control": "no-store"}
    assert got.last_modified == NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    "header", [{"server_side_encryption": "aws:kms"}, {"x_amz_server_side_encryption_customer_algorithm": "AES256"}]
)
def test_what_a_key_encrypts_has_a_new_etag_with_each_put(store, header):
    """As a request that writes it; AES256 is no key of anybody's."""
    etags = {store.put("bucket", "key", b"data", **header).etag for _ in range(2)}
    assert len({md5(b"data").hexdigest(), *etags}) == 3
    assert store.put("bucket", "key", b"data", server_side_encryption="AES256").etag == md5(b"data").hexdigest()


@pytest.mark.parametrize("body", [bytearray(b"data"), memoryview(b"data")])
def test_keeps_bytes_whatever_they_came_in(store, body):
    """Buffers are copied: what is stored does not change with them."""
    store.put("bucket", "key", body)
    if isinstance(body, bytearray):
        body[0] = 0
    assert store.get("bucket", "key").body == b"data"


def test_takes_a_time_in_any_zone(store):
    """`last_modified` is kept in UTC and whole seconds."""
    moment = datetime(2026, 1, 1, 1, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    assert store.put("bucket", "key", b"", last_modified=moment).last_modified == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"body": "text"}, TypeError, "body is bytes, not str"),
        ({"body": None}, TypeError, "body is bytes, not NoneType"),
        ({"key": ""}, ValueError, "this one has 0"),
        ({"key": "k" * 1025}, ValueError, "this one has 1025"),
        ({"key": "\ud800"}, ValueError, "no UTF-8 form"),
        ({"key": b"key"}, TypeError, "a key is a str, not bytes"),
        ({"bucket": "a b"}, ValueError, "1 to 255 characters of"),
        ({"bucket": None}, TypeError, "a bucket name is a str, not NoneType"),
        ({"metadata": {"a": 1}}, TypeError, "a is a str, not int"),
        ({"cache_control": 5}, TypeError, "cache-control is a str, not int"),
        ({"sise": 5}, TypeError, "no argument 'sise'; did you mean 'size'?"),
        ({"cache_contrl": "x"}, TypeError, "no argument 'cache_contrl'; did you mean 'cache_control'?"),
        ({"last_modified": datetime(2026, 1, 1)}, ValueError, "needs a time zone"),  # noqa: DTZ001 - the mistake itself
    ],
)
def test_refuses_nonsense(store, change, error, text):
    """A wrong argument raises, says what came and what was allowed, and stores nothing."""
    arguments = {"bucket": "bucket", "key": "key", "body": b"", **change}
    with pytest.raises(error, match=text):
        store.put(arguments.pop("bucket"), arguments.pop("key"), arguments.pop("body"), **arguments)
    assert store.buckets == []


@pytest.mark.parametrize("size", [1023, 1024])
def test_takes_keys_up_to_the_limit(store, size):
    """1024 bytes of key are allowed, counted in UTF-8."""
    key = "é" * (size // 2) + "k" * (size % 2)
    assert store.put("bucket", key, b"").key == key


def test_names_what_is_there_when_something_is_absent(store):
    """A KeyError for an absent object lists the keys or buckets that exist, not all of a long list."""
    with pytest.raises(KeyError, match=r"no bucket 'bucket'; there are: none"):
        store.get("bucket", "key")
    for number in range(12):
        store.put("bucket", f"k{number:02}", b"")
    with pytest.raises(KeyError, match=r"no object 'key' in bucket 'bucket'; there are: 'k00', .*'k09' and 2 more"):
        store.get("bucket", "key")
    with pytest.raises(KeyError, match=r"no bucket 'other'; there are: 'bucket'"):
        store.delete("other", "key")


def test_deletes_one_object(store):
    """`delete` takes out the object it names and leaves the others and the bucket."""
    store.put("bucket", "a", b"")
    store.put("bucket", "b", b"")
    store.delete("bucket", "a")
    assert not store.exists("bucket", "a")
    assert (store.keys("bucket"), store.buckets) == (["b"], ["bucket"])


def test_an_object_put_again_replaces_the_former(store):
    """The last write wins and the key is listed once."""
    store.put("bucket", "key", b"old")
    assert store.keys("bucket") == ["key"]
    store.put("bucket", "key", b"new")
    assert (store.keys("bucket"), store.get("bucket", "key").body) == (["key"], b"new")


def test_lists_no_keys_of_an_absent_bucket(store):
    """`keys` of a bucket that is not there is empty: nothing was stored."""
    assert store.keys("bucket") == []


@given(keys=st.sets(st.text(min_size=1, max_size=6).filter(lambda key: key.isprintable())), prefix=st.text(max_size=2))
def test_lists_keys_in_the_order_of_their_utf8_bytes(keys, prefix):
    """`keys` is sorted by bytes and holds exactly the keys with the prefix, after every change."""
    store = S3Store(now=lambda: NOW)
    for key in keys:
        store.put("bucket", key, b"")
        store.keys("bucket")
    expected = sorted((key for key in keys if key.startswith(prefix)), key=str.encode)
    assert store.keys("bucket", prefix) == expected


def test_any_bucket_takes_a_write_until_one_is_declared(store):
    """A store without declared buckets accepts all; declaring one shuts the others out, not those that exist."""
    store.put("early-bird", "key", b"")
    assert store.accepts("bucket")
    store.declare_bucket("declared", "eu-west-1")
    assert not store.accepts("bucket")
    assert store.accepts("declared")
    assert store.accepts("early-bird")
    assert store.bucket("declared").region == "eu-west-1"


def test_a_strict_store_accepts_no_write_from_the_start():
    """`strict_buckets` is the state after a declaration."""
    assert not S3Store(now=lambda: NOW, strict_buckets=True).accepts("bucket")


def test_a_removed_bucket_stays_away_until_it_is_created(store):
    """A deleted bucket does not come back by a write, though it does by CreateBucket; its uploads are gone."""
    store.create_bucket("bucket")
    store.remove_bucket("bucket")
    assert not store.accepts("bucket")
    store.create_bucket("bucket")
    assert store.accepts("bucket")


def test_creating_a_bucket_again_changes_nothing(store):
    """`create_bucket` on a bucket that exists keeps its objects and region."""
    store.put("bucket", "key", b"")
    store.create_bucket("bucket", "eu-west-1")
    assert (store.keys("bucket"), store.bucket("bucket").region) == (["key"], "us-east-1")


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("ab", False),
        ("abc", True),
        ("a" * 62, True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("a-b.c-1", True),
        ("-ab", False),
        ("ab-", False),
        (".ab", False),
        ("a..b", False),
        ("a_b", False),
        ("Abc", False),
        ("äbc", False),
        ("abc\n", False),
        ("192.168.5.4", False),
        ("192.168.5", True),
    ],
)
def test_knows_the_bucket_names_that_s3_allows(name, allowed):
    """A bucket that is created has a name that follows S3's rules, at each edge."""
    assert (new_name_problem(name) is None) is allowed


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("b", True), ("Old_Bucket", True), ("b" * 255, True), ("b" * 256, False), ("", False), ("a/b", False)],
)
def test_a_bucket_that_is_there_may_have_an_older_name(name, allowed):
    """A test may call its bucket "b", and S3 has buckets from before its rules."""
    assert (bucket_name_problem(name) is None) is allowed


@pytest.mark.parametrize("name", ["xn--abc", "sthree-abc", "amzn-s3-demo-bucket", "abc-s3alias", "abc--x-s3"])
def test_reserves_names_at_creation_only(name):
    """What S3 reserves may exist, and be written to, but nobody can create it."""
    assert new_name_problem(name) is not None
    assert bucket_name_problem(name) is None


def test_versions_are_arranged_without_requests(store):
    """`versioning=True` keeps every version; `delete` hides, with an id it takes out; KeyError names the versions."""
    store.create_bucket("bucket", versioning=True)
    old, new = (store.put("bucket", "key", body) for body in (b"old", b"new"))
    assert store.get("bucket", "key") is new
    assert store.get("bucket", "key", old.version_id) is old
    store.delete("bucket", "key")
    marker, *others = store.versions("bucket", "key")
    assert (marker.delete_marker, others) == (True, [new, old])
    assert not store.exists("bucket", "key")
    with pytest.raises(KeyError, match=f"no version 'x' of 'key'.*{marker.version_id}.*{old.version_id}"):
        store.get("bucket", "key", "x")
    first = store.put("bucket", "a", b"")
    assert store.versions("bucket") == [first, marker, new, old]
    for one in (marker, new):
        store.delete("bucket", "key", one.version_id)
    assert store.get("bucket", "key") is old
    with pytest.raises(KeyError, match="no object 'none'"):
        store.delete("bucket", "none", "x")


def test_versioning_can_be_enabled_later(store):
    """A bucket that exists keeps its objects, which become null versions; one without versions has its objects."""
    store.put("bucket", "key", b"old")
    assert [one.version_id for one in store.versions("bucket", "key")] == [None]
    assert store.versions("bucket") == store.versions("bucket", "key")
    store.create_bucket("bucket", versioning=True)
    assert [one.version_id for one in store.versions("bucket", "key")] == ["null"]
    assert store.versions("bucket", "none") == store.versions("none", "key") == store.versions("none") == []


def test_headers_of_s3_need_no_prefix(store):
    """`storage_class` is boto3's name of what is `x_amz_storage_class` on the wire: one header."""
    for name in ("storage_class", "x_amz_storage_class"):
        assert dict(store.put("bucket", "key", **{name: "GLACIER"}).headers) == {"x-amz-storage-class": "GLACIER"}


@pytest.mark.parametrize("size", [0, 9 << 20])
def test_the_body_of_a_large_object_is_bytes_as_that_of_a_small_one(store, size):
    """`hashlib`, `startswith` and `in` work whatever the size."""
    obj = store.put("data", "key", size=size)
    assert type(obj.body) is bytes
    assert len(obj.body) == obj.size == size
    assert obj.sha256 == sha256(obj.body).hexdigest()


def test_a_body_that_is_too_large_to_hold_names_the_ways_to_read_it(store):
    """One byte beyond 1 GiB; nothing is read before it is refused."""
    obj = store.put("data", "key", size=2**30 + 1)
    with pytest.raises(ValueError, match=r"data/key has 1073741825 bytes.*\.open\(\).*\.sha256"):
        obj.body  # noqa: B018
    with obj.open() as file:
        assert file.seek(-1, io.SEEK_END) == 2**30
        assert (len(file.read()), file.read()) == (1, b"")


def test_an_arranged_object_has_the_checksum_of_an_uploaded_one(s3):
    """Reads tell it; what is declared by its size alone is not read for one."""
    s3("PUT", "/bucket/uploaded", b"data")
    s3.store.put("bucket", "arranged", b"data")
    uploaded, arranged = (s3.store.get("bucket", key) for key in ("uploaded", "arranged"))
    assert arranged.checksums == uploaded.checksums
    assert arranged.checksums.keys() == {"crc64nvme"}
    told = [s3("HEAD", f"/bucket/{key}", x_amz_checksum_mode="ENABLED").headers for key in ("uploaded", "arranged")]
    assert told[0] == told[1]
    assert not s3.store.put("bucket", "declared", size=5 * 1024**4).checksums


NO_TEXT = [("bucket", b"key"), ("bucket", None), (None, "key"), (b"bucket", "key")]


@pytest.mark.parametrize(
    ("method", "place"),
    [
        (method, place)
        for method in ("exists", "get", "delete", "versions", "keys")
        for place in NO_TEXT
        if (method, *place) != ("versions", "bucket", None)  # those of the whole bucket
    ],
)
def test_a_name_that_is_no_text(method, place):
    """Nothing can be there, so that `assert not s3_store.exists("bucket", b"key")` would always hold."""
    store = S3Store(now=lambda: NOW)
    store.put("bucket", "key", b"")
    with pytest.raises(TypeError, match="a bucket and a key are str, not "):
        getattr(store, method)(*place)


@pytest.mark.parametrize(("option", "value"), [("versioning", "yes"), ("region", 3)])
def test_a_bucket_of_a_wrong_kind(option, value):
    """A text for yes or no would be taken for yes."""
    with pytest.raises(TypeError, match=f"{option} is a "):
        S3Store(now=lambda: NOW).create_bucket("bucket", **{option: value})
