"""ListObjectsV2 and ListObjects."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.sets(st.text(alphabet="ab/é", min_size=1, max_size=5), max_size=12)


def listed_by_hand(keys, prefix, delimiter):
    """Return the listing as S3's manual defines it: sorted keys and common prefixes, unpaged."""
    entries = set()
    for key in keys:
        if not key.startswith(prefix):
            continue
        rest = key[len(prefix) :]
        if delimiter and delimiter in rest:
            entries.add(prefix + rest.partition(delimiter)[0] + delimiter)
        else:
            entries.add(key)
    return sorted(entries)


def entries_of(page):
    """Return a parsed page's keys and common prefixes, sorted as one list."""
    names = [content["Key"] for content in page.get("Contents", [])]
    return sorted(names + [group["Prefix"] for group in page.get("CommonPrefixes", [])])


@given(
    keys=KEYS,
    rolled=st.tuples(st.text(alphabet="ab/", max_size=2), st.sampled_from(["", "/", "b", "//"])),
    how=st.tuples(st.integers(1, 4), st.sampled_from(["v1", "v2"])),
)
def test_pages_add_up_to_the_whole(judge, parsed, keys, rolled, how):
    """Pages of any size, followed by token or marker, hold every entry once, in order, and end."""
    s3, (prefix, delimiter), (size, version) = judge.new(), rolled, how
    s3.store.create_bucket("bucket")
    for key in keys:
        s3.store.put("bucket", key, b"")
    operation, target = ("ListObjectsV2", "/bucket?list-type=2") if version == "v2" else ("ListObjects", "/bucket?x=")
    target += f"&prefix={quote(prefix, safe='')}&delimiter={quote(delimiter, safe='')}&max-keys={size}"
    found, following = [], ""
    for _ in range(len(keys) + 1):
        page = parsed(operation, s3("GET", target + following))
        entries = entries_of(page)
        found += entries
        if not page["IsTruncated"]:
            break
        assert len(entries) == size
        if version == "v2":
            assert page["KeyCount"] == size
            following = f"&continuation-token={quote(page['NextContinuationToken'])}"
        else:
            following = f"&marker={quote(page.get('NextMarker') or entries[-1], safe='')}"
    assert found == listed_by_hand(keys, prefix, delimiter)


def test_a_page_goes_on_where_the_last_one_ended(s3, parsed):
    """Objects deleted or added between pages neither break the walk nor repeat."""
    for key in ("a", "b", "d"):
        s3.store.put("bucket", key, b"")
    first = parsed("ListObjectsV2", s3("GET", "/bucket?list-type=2&max-keys=2"))
    s3.store.delete("bucket", "b")
    s3.store.put("bucket", "a2", b"")
    s3.store.put("bucket", "c", b"")
    second = s3("GET", f"/bucket?list-type=2&continuation-token={quote(first['NextContinuationToken'])}")
    assert entries_of(parsed("ListObjectsV2", second)) == ["c", "d"]


def test_an_entry_tells_of_its_object(boto, s3):
    """Key, size, ETag, time, storage class and checksum; the owner in the second form only where asked."""
    boto.put_object(Bucket="bucket", Key="key", Body=b"data", StorageClass="STANDARD_IA")
    s3.store.put("bucket", "plain", b"")
    for extra in ({}, {"FetchOwner": True}):
        key, plain = boto.list_objects_v2(Bucket="bucket", **extra)["Contents"]
        assert (key["Size"], key["ETag"], key["StorageClass"]) == (
            4,
            '"8d777f385d3dfec8815d20f7496026dc"',
            "STANDARD_IA",
        )
        assert key["LastModified"].isoformat() == "2026-05-01T12:00:00+00:00"
        assert (key["ChecksumAlgorithm"], key["ChecksumType"]) == (["CRC32"], "FULL_OBJECT")
        assert plain["StorageClass"] == "STANDARD"
        assert ("Owner" in key) is bool(extra)
    assert boto.list_objects(Bucket="bucket")["Contents"][0]["Owner"]["ID"]


def test_the_request_is_repeated_in_the_answer(s3, parsed):
    """Name, prefix, delimiter, page size and where to start are told; V1 tells its marker."""
    s3.store.put("bucket", "p/k", b"")
    page = parsed("ListObjectsV2", s3("GET", "/bucket?list-type=2&prefix=p&delimiter=%2F&start-after=o&max-keys=7"))
    expected = {"Name": "bucket", "Prefix": "p", "Delimiter": "/", "StartAfter": "o", "MaxKeys": 7, "KeyCount": 1}
    assert {name: page[name] for name in expected} == expected
    old = parsed("ListObjects", s3("GET", "/bucket?marker=o&delimiter=%2F"))
    assert (old["Marker"], old["MaxKeys"], entries_of(old)) == ("o", 1000, ["p/"])


def test_start_after_skips_keys_not_groups(s3, parsed):
    """A group with a key behind start-after is listed; behind a marker within it V1 leaves it out."""
    for key in ("a/1", "a/2", "b"):
        s3.store.put("bucket", key, b"")
    second = parsed("ListObjectsV2", s3("GET", "/bucket?list-type=2&delimiter=%2F&start-after=a%2F1"))
    assert entries_of(second) == ["a/", "b"]
    assert entries_of(parsed("ListObjects", s3("GET", "/bucket?delimiter=%2F&marker=a%2F1"))) == ["b"]


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_keys_that_xml_would_spoil_come_through_url_encoding(boto, s3, operation):
    """Botocore asks for encoding-type=url and decodes: every key comes back as it is."""
    keys = sorted(["a b", "a+b", "a%2Fb", "é", "\x01", "a&<b>", "~*'()", "x/ y"])
    for key in keys:
        s3.store.put("bucket", key, b"")
    page = getattr(boto, operation)(Bucket="bucket")
    assert [content["Key"] for content in page["Contents"]] == keys


def test_url_encoding_is_spelled_as_s3_spells_it(s3):
    """A blank is a plus, a plus is %2B, a slash stays."""
    s3.store.put("bucket", "a b/+é", b"")
    body = s3("GET", "/bucket?list-type=2&encoding-type=url").body
    assert b"<Key>a+b/%2B%C3%A9</Key>" in body
    assert b"<EncodingType>url</EncodingType>" in body


def test_the_size_of_a_page(s3):
    """max-keys is capped at 1000 without a word; 0 gives an empty page that is not truncated."""
    for number in range(1001):
        s3.store.put("bucket", f"{number:04}", b"")
    sizes = {"": 1000, "0": 0, "-0": 0, "001": 1, "999": 999, "1000": 1000, "1001": 1000, "2147483647": 1000}
    for text, size in sizes.items():
        for kind in ("?list-type=2", "?prefix="):
            page = s3("GET", f"/bucket{kind}&max-keys={text}").body.decode()
            assert f"<MaxKeys>{size}</MaxKeys>" in page, (kind, text)
            assert page.count("<Contents>") == size, (kind, text)
            assert f"<IsTruncated>{'true' if size else 'false'}</IsTruncated>" in page, (kind, text)


@pytest.mark.parametrize(
    ("parameters", "name", "value"),
    [
        ("max-keys=-1", "maxKeys", "-1"),
        ("max-keys=abc", "max-keys", "abc"),
        ("max-keys=1.5", "max-keys", "1.5"),
        ("max-keys=2147483648", "max-keys", "2147483648"),
        ("max-keys=" + "9" * 5000, "max-keys", "9" * 5000),
        ("max-keys=--1", "max-keys", "--1"),
        ("encoding-type=base64", "encoding-type", "base64"),
    ],
)
@pytest.mark.parametrize("kind", ["?list-type=2", "?prefix="])
def test_parameters_that_make_no_sense(s3, kind, parameters, name, value):
    """InvalidArgument names the parameter and its value."""
    s3.store.create_bucket("bucket")
    reply = s3("GET", f"/bucket{kind}&{parameters}")
    assert (reply.code, reply.status) == ("InvalidArgument", 400)
    assert dict(reply.elements) == {"ArgumentName": name, "ArgumentValue": value}


@pytest.mark.parametrize("token", ["", "x", "AAAA", "AAAAAGE=", "%C3%A9", "a" * 5])
def test_a_token_that_is_none_of_ours(s3, token):
    """InvalidArgument names continuation-token, without the value."""
    s3.store.create_bucket("bucket")
    reply = s3("GET", f"/bucket?list-type=2&continuation-token={token}")
    assert (reply.code, dict(reply.elements)) == ("InvalidArgument", {"ArgumentName": "continuation-token"})


def test_a_bucket_that_is_not_there(s3, code):
    """Both forms give NoSuchBucket."""
    for target in ("/bucket?list-type=2", "/bucket"):
        assert code(s3("GET", target)) == "NoSuchBucket"


@pytest.mark.parametrize(
    ("target", "name", "message"),
    [
        ("/bucket?list-type=2&marker=", "marker", "Marker unsupported with REST.GET.BUCKET in list-type=2"),
        ("/bucket?start-after=a", "start-after", "startAfter only supported in REST.GET.BUCKET with list-type=2"),
        (
            "/bucket?start-after=a&continuation-token=b",
            "continuation-token",
            "continuation-token only supported in REST.GET.BUCKET with list-type=2",
        ),
    ],
)
def test_parameters_of_the_other_version(s3, target, name, message):
    """Refused before the bucket is looked for, but after max-keys is read."""
    reply = s3("GET", target)
    assert (reply.code, reply.message, reply.elements) == ("InvalidArgument", message, (("ArgumentName", name),))
    s3.store.declare_bucket("bucket")
    for there in (target, target.replace("bucket", "absent")):
        assert s3("GET", there).message == message
        assert s3("GET", f"{there}&max-keys=x").message == "Provided max-keys not an integer or within integer range"
    assert s3("GET", "/absent?list-type=2&max-keys=-1").code == "NoSuchBucket"


def test_a_negative_page_is_told_as_read(s3):
    s3.store.create_bucket("bucket")
    assert dict(s3("GET", "/bucket?max-keys=-01").elements)["ArgumentValue"] == "-1"
    assert s3("GET", "/bucket?versions&max-keys=-1").elements == (("ArgumentName", "max-keys"),)


def test_how_parameters_are_read(s3):
    """The first of two; the encoding in any case; fetch-owner as it is spelled; an empty start is told."""
    s3.store.put("bucket", "a b", b"")
    body = s3("GET", "/bucket?list-type=2&prefix=a&prefix=c&encoding-type=URL&fetch-owner=TRUE&start-after=").body
    assert b"<Prefix>a</Prefix>" in body
    assert b"<Key>a+b</Key>" in body
    assert b"<EncodingType>URL</EncodingType>" in body
    assert b"<StartAfter" in body
    assert b"<Owner>" not in body
    assert b"<Owner>" in s3("GET", "/bucket?list-type=2&fetch-owner=true").body
