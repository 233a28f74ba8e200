"""Versioning: version ids, null versions, delete markers, and the listing of them all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.s3.bucket_record import _version_id

KEY = {"Bucket": "bucket", "Key": "key"}
GONE = _version_id("elsewhere", 0)
NEVER_GIVEN = ("x", "v" * 32, f"{GONE[:-4]}{GONE[:4]}")


def put(boto, body, **names):
    """Put *body*; return the version id, None where the answer has none."""
    return boto.put_object(**{**KEY, **names}, Body=body).get("VersionId")


def switch(boto, status):
    """Enable or suspend versioning of the bucket."""
    boto.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": status})


def listed(boto, **options):
    """Return the ids of versions and delete markers, as (key, id, latest)."""
    page = boto.list_object_versions(Bucket="bucket", **options)
    kinds = (page.get("Versions", []), page.get("DeleteMarkers", []))
    return tuple([(one["Key"], one["VersionId"], one["IsLatest"]) for one in kind] for kind in kinds)


@pytest.fixture
def versioned(boto, s3):
    """Return botocore's client; its bucket has versioning."""
    s3.store.create_bucket("bucket", versioning=True)
    return boto


def test_the_status_is_what_was_set(boto, s3):
    """Nothing at first; then what was set last. There is no way back to nothing."""
    s3.store.create_bucket("bucket")
    assert "Status" not in boto.get_bucket_versioning(Bucket="bucket")
    for status in ("Suspended", "Enabled", "Enabled", "Suspended"):
        switch(boto, status)
        assert boto.get_bucket_versioning(Bucket="bucket")["Status"] == status


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ("<Status>enabled</Status>", "MalformedXML"),
        ("<Status>Disabled</Status>", "MalformedXML"),
        ("<Status/>", "MalformedXML"),
        ("<Status>Enabled</Status><MfaDelete>x</MfaDelete>", "MalformedXML"),
        ("", "IllegalVersioningConfigurationException"),
        ("<MfaDelete>Disabled</MfaDelete>", "IllegalVersioningConfigurationException"),
        ("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>", "AccessDenied"),
        ("<Status>Enabled</Status><MfaDelete>Disabled</MfaDelete>", "200"),
    ],
)
def test_a_status_that_s3_does_not_have(s3, code, children, expected):
    """Another word is MalformedXML, none at all is a configuration that says nothing."""
    s3.store.create_bucket("bucket")
    body = f"<VersioningConfiguration>{children}</VersioningConfiguration>".encode()
    assert code(s3("PUT", "/bucket?versioning", body)) == expected
    assert (s3.store.bucket("bucket").versioning is None) is (expected != "200")


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("PUT", b"<VersioningConfiguration/>")])
def test_a_bucket_that_is_not_there_has_no_versioning(s3, code, method, body):
    """NoSuchBucket, and none comes into being."""
    assert code(s3(method, "/bucket?versioning", body)) == "NoSuchBucket"
    assert code(s3("GET", "/bucket?versions")) == "NoSuchBucket"
    assert s3.store.buckets == []


def test_every_write_is_a_version(versioned, s3):
    """PUT, copy and completion answer with ids of 32 characters, and each version stays as it was."""
    ids = [put(versioned, b"1"), put(versioned, b"2")]
    copied = versioned.copy_object(**KEY, CopySource={**KEY, "VersionId": ids[0]})
    assert copied["CopySourceVersionId"] == ids[0]
    upload = versioned.create_multipart_upload(**KEY)["UploadId"]
    part = versioned.upload_part_copy(**KEY, UploadId=upload, PartNumber=1, CopySource={**KEY, "VersionId": ids[1]})
    assert part["CopySourceVersionId"] == ids[1]
    parts = [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]
    done = versioned.complete_multipart_upload(**KEY, UploadId=upload, MultipartUpload={"Parts": parts})
    ids += [copied["VersionId"], done["VersionId"]]
    assert {len(one) for one in ids} == {32}
    bodies = [versioned.get_object(**KEY, VersionId=one)["Body"].read() for one in ids]
    assert bodies == [b"1", b"2", b"1", b"2"]
    newest = versioned.get_object(**KEY)
    assert (newest["Body"].read(), newest["VersionId"]) == (b"2", ids[-1])
    assert versioned.head_object(**KEY, VersionId=ids[0])["VersionId"] == ids[0]
    assert [one.version_id for one in s3.store.versions("bucket", "key")] == ids[::-1]


def test_a_bucket_without_versioning_tells_no_versions(boto, s3):
    """No answer has a version id before versioning was set; the listing calls the objects null versions."""
    assert put(boto, b"1") is None
    assert "VersionId" not in boto.get_object(**KEY)
    assert "VersionId" not in boto.delete_object(**KEY)
    put(boto, b"1")
    assert listed(boto) == ([("key", "null", True)], [])
    assert s3.store.get("bucket", "key").version_id is None


def test_objects_from_before_are_null_versions(boto):
    """They are told as null as soon as versioning is set, and can be read and deleted as that."""
    put(boto, b"old")
    switch(boto, "Enabled")
    assert boto.get_object(**KEY)["VersionId"] == "null"
    new = put(boto, b"new")
    assert boto.get_object(**KEY, VersionId="null")["Body"].read() == b"old"
    boto.delete_object(**KEY, VersionId=new)
    assert boto.get_object(**KEY)["Body"].read() == b"old"
    assert boto.delete_object(**KEY, VersionId="null")["VersionId"] == "null"
    assert listed(boto) == ([], [])


def test_writes_while_suspended_are_the_null_version(versioned):
    """There is one null version; a PUT does not tell it, a copy and a read do; versions with ids stay."""
    first = put(versioned, b"1")
    switch(versioned, "Suspended")
    assert put(versioned, b"2") is None
    assert put(versioned, b"3") is None
    assert versioned.get_object(**KEY)["VersionId"] == "null"
    copied = versioned.copy_object(**KEY, CopySource={**KEY, "VersionId": first})
    assert copied["VersionId"] == "null"
    assert listed(versioned) == ([("key", "null", True), ("key", first, False)], [])
    switch(versioned, "Enabled")
    last = put(versioned, b"4")
    assert listed(versioned)[0] == [("key", last, True), ("key", "null", False), ("key", first, False)]


def test_a_delete_hides_and_deleting_the_marker_shows_again(versioned, s3):
    """DeleteObject makes a delete marker, each time another; a marker deleted by id is told as one."""
    first = put(versioned, b"1")
    marker = versioned.delete_object(**KEY)
    assert (marker["DeleteMarker"], len(marker["VersionId"])) == (True, 32)
    assert not s3.store.exists("bucket", "key")
    assert s3.store.keys("bucket") == []
    again = versioned.delete_object(**KEY)["VersionId"]
    assert listed(versioned) == ([("key", first, False)], [("key", again, True), ("key", marker["VersionId"], False)])
    for one in (again, marker["VersionId"]):
        gone = versioned.delete_object(**KEY, VersionId=one)
        assert (gone["DeleteMarker"], gone["VersionId"]) == (True, one)
    assert versioned.get_object(**KEY)["Body"].read() == b"1"
    gone = versioned.delete_object(**KEY, VersionId=first)
    assert ("DeleteMarker" in gone, gone["VersionId"]) == (False, first)


def test_a_delete_while_suspended_leaves_a_null_marker(versioned):
    """The null version is replaced by a marker of the same id, and that by the next write."""
    first = put(versioned, b"1")
    switch(versioned, "Suspended")
    put(versioned, b"2")
    for _ in range(2):
        assert versioned.delete_object(**KEY)["VersionId"] == "null"
        assert listed(versioned) == ([("key", first, False)], [("key", "null", True)])
    put(versioned, b"3")
    assert listed(versioned) == ([("key", "null", True), ("key", first, False)], [])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_key_under_a_delete_marker(s3, method):
    """Facts 18 and 19: 404 with the marker's id in the headers; the marker itself is 405."""
    s3.store.create_bucket("bucket", versioning=True)
    s3.store.put("bucket", "key", b"1")
    marker = s3("DELETE", "/bucket/key").headers["x-amz-version-id"]
    hidden = s3(method, "/bucket/key")
    told = {"x-amz-delete-marker": "true", "x-amz-version-id": marker}
    assert (hidden.code, hidden.status, dict(hidden.elements)) == ("NoSuchKey", 404, {"Key": "key"})
    assert dict(hidden.headers) == told
    itself = s3(method, f"/bucket/key?versionId={marker}")
    assert (itself.code, itself.status) == ("MethodNotAllowed", 405)
    assert dict(itself.elements) == {"Method": method, "ResourceType": "DeleteMarker"}
    assert dict(itself.headers) == {**told, "Allow": "DELETE", "Last-Modified": "Fri, 01 May 2026 12:00:00 GMT"}


@pytest.mark.parametrize(
    ("version", "expected"),
    [*((one, "InvalidArgument") for one in NEVER_GIVEN), (GONE, "NoSuchVersion"), ("null", "NoSuchVersion")],
)
@pytest.mark.parametrize("key", ["key", "none"])
def test_a_version_that_is_not_there(s3, version, expected, key):
    """Fact 71: what is no id is InvalidArgument, what is none of the key's NoSuchVersion with both."""
    s3.store.create_bucket("bucket", versioning=True)
    s3.store.put("bucket", "key", b"1")
    reply = s3("GET", f"/bucket/{key}?versionId={version}")
    named = {"ArgumentName": "versionId", "ArgumentValue": version}
    assert reply.code == expected
    assert dict(reply.elements) == (named if expected == "InvalidArgument" else {"Key": key, "VersionId": version})
    assert not reply.headers


@pytest.mark.parametrize(
    ("version", "expected"),
    [*((one, "InvalidArgument") for one in NEVER_GIVEN), (GONE, "204"), ("null", "204")],
)
def test_deleting_a_version_that_is_not_there(s3, code, version, expected):
    """A version that is gone is deleted all the same, and told; no marker is made."""
    s3.store.create_bucket("bucket", versioning=True)
    s3.store.put("bucket", "key", b"1")
    reply = s3("DELETE", f"/bucket/key?versionId={version}")
    assert code(reply) == expected
    if expected == "204":
        assert dict(reply.headers) == {"x-amz-version-id": version}
    assert len(s3.store.versions("bucket", "key")) == 1


def test_many_deletes_tell_markers_and_versions(versioned):
    """DeleteObjects tells markers that it makes, markers and versions that it deletes, and ids that are none."""
    first = put(versioned, b"1")
    made = versioned.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "key"}, {"Key": "none"}]})["Deleted"]
    assert [(one["Key"], one["DeleteMarker"], "VersionId" in one) for one in made] == [
        ("key", True, False),
        ("none", True, False),
    ]
    marker = made[0]["DeleteMarkerVersionId"]
    wanted = [{"Key": "key", "VersionId": one} for one in (marker, first, GONE, "x")]
    reply = versioned.delete_objects(Bucket="bucket", Delete={"Objects": wanted})
    assert reply["Deleted"] == [
        {"Key": "key", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker},
        {"Key": "key", "VersionId": first},
        {"Key": "key", "VersionId": GONE},
    ]
    assert [(one["Code"], one["VersionId"]) for one in reply["Errors"]] == [("NoSuchVersion", "x")]


def test_a_delete_marker_cannot_be_copied(s3, code):
    """By its id that is InvalidRequest; where it hides the source, NoSuchKey. An older version can be brought back."""
    s3.store.create_bucket("bucket", versioning=True)
    old = s3.store.put("bucket", "key", b"old").version_id
    marker = s3("DELETE", "/bucket/key").headers["x-amz-version-id"]
    s3("POST", "/bucket/copy?uploads")
    for target in ("/bucket/copy", "/bucket/copy?partNumber=1&uploadId=upload-1"):
        assert code(s3("PUT", target, x_amz_copy_source="bucket/key")) == "NoSuchKey"
        assert code(s3("PUT", target, x_amz_copy_source=f"bucket/key?versionId={marker}")) == "InvalidRequest"
        assert code(s3("PUT", target, x_amz_copy_source=f"bucket/key?versionId={GONE}")) == "NoSuchVersion"
    assert code(s3("PUT", "/bucket/key", x_amz_copy_source=f"bucket/key?versionId={old}")) == "200"
    assert s3.store.get("bucket", "key").body == b"old"


def test_a_bucket_with_nothing_but_markers_is_not_empty(s3, code):
    """BucketNotEmpty until the last version and marker are deleted."""
    s3.store.create_bucket("bucket", versioning=True)
    marker = s3("DELETE", "/bucket/key").headers["x-amz-version-id"]
    assert code(s3("DELETE", "/bucket")) == "BucketNotEmpty"
    s3("DELETE", f"/bucket/key?versionId={marker}")
    assert code(s3("DELETE", "/bucket")) == "204"


def test_conditions_look_at_the_newest_version(s3, code):
    """A key under a delete marker is free for If-None-Match: *, and If-Match finds nothing there."""
    s3.store.create_bucket("bucket", versioning=True)
    old = s3.store.put("bucket", "key", b"data")
    assert code(s3("PUT", "/bucket/key", if_none_match="*")) == "PreconditionFailed"
    s3("DELETE", "/bucket/key")
    assert code(s3("PUT", "/bucket/key", if_match=old.etag)) == "NoSuchKey"
    assert code(s3("PUT", "/bucket/copy", x_amz_copy_source=f"bucket/key?versionId={old.version_id}")) == "200"
    assert code(s3("DELETE", "/bucket/key", if_match=old.etag)) == "NoSuchKey"
    assert code(s3("PUT", "/bucket/key", b"new", if_none_match="*")) == "200"
    assert code(s3("GET", f"/bucket/key?versionId={old.version_id}", if_none_match=old.etag)) == "NotModified"
    assert code(s3("DELETE", f"/bucket/key?versionId={old.version_id}", if_match=old.etag)) == "NotImplemented"


def test_the_listing_tells_all_of_a_version(versioned, s3):
    """Size, ETag, time, class, owner and the name of the checksum; of a marker only owner and time."""
    put(versioned, b"data")
    versioned.delete_object(**KEY)
    page = versioned.list_object_versions(Bucket="bucket")
    (version,), (marker,) = page["Versions"], page["DeleteMarkers"]
    assert (version["Size"], version["ETag"]) == (4, f'"{s3.store.versions("bucket", "key")[1].etag}"')
    assert (version["StorageClass"], version["ChecksumAlgorithm"], version["LastModified"]) == (
        "STANDARD",
        ["CRC32"],
        s3.now,
    )
    assert version["Owner"] == marker["Owner"]
    assert marker.keys() == {"Key", "VersionId", "IsLatest", "LastModified", "Owner"}
    assert (page["Name"], page["KeyMarker"], page["VersionIdMarker"], page["MaxKeys"]) == ("bucket", "", "", 1000)
    assert "NextKeyMarker" not in page


HISTORIES = st.lists(st.sampled_from(["a", "a/1", "a/2", "b", "b&c"]), max_size=12)


@given(
    HISTORIES,
    st.integers(1, 4),
    st.sampled_from(["", "a", "a/", "b", "x"]),
    st.sampled_from(["", "/"]),
    st.booleans(),
)
def test_pages_together_are_the_listing(judge, keys, size, prefix, delimiter, emptying):
    """Page after page gives each entry once and in order, even while what was listed is deleted."""
    s3, judge.s3 = judge.s3, judge.new()
    try:
        judge.s3.store.create_bucket("bucket", versioning=True)
        for number, key in enumerate(keys):
            judge.client.put_object(Bucket="bucket", Key=key) if number % 3 else judge.client.delete_object(
                Bucket="bucket", Key=key
            )
        options = {"Bucket": "bucket", "Prefix": prefix, "Delimiter": delimiter}
        whole = entries_of(judge.client.list_object_versions(**options))
        paged = []
        markers = {}
        for _ in range(20):
            page = judge.client.list_object_versions(**options, **markers, MaxKeys=size)
            paged += entries_of(page)
            for key, version in entries_of(page):
                if emptying and version:
                    judge.client.delete_object(Bucket="bucket", Key=key, VersionId=version)
            if not page["IsTruncated"]:
                break
            markers = {"KeyMarker": page["NextKeyMarker"]}
            if "NextVersionIdMarker" in page:
                markers["VersionIdMarker"] = page["NextVersionIdMarker"]
        assert sorted(paged) == sorted(whole)
        assert [key for key, _ in paged] == sorted(key for key, _ in whole)
    finally:
        judge.s3 = s3


def entries_of(page):
    """Return what a page lists, sorted by key: (key or prefix, id or "")."""
    entries = [(one["Key"], one["VersionId"]) for kind in ("Versions", "DeleteMarkers") for one in page.get(kind, [])]
    entries += [(one["Prefix"], "") for one in page.get("CommonPrefixes", [])]
    return sorted(entries, key=lambda entry: entry[0])


def test_markers_of_the_listing(versioned):
    """key-marker alone leaves the whole key behind; version-id-marker needs it; keys are encoded where asked."""
    ids = [put(versioned, b"", Key=key) for key in ("a b", "a b", "c")]
    first = versioned.list_object_versions(Bucket="bucket", MaxKeys=1)
    assert (first["NextKeyMarker"], first["NextVersionIdMarker"]) == ("a b", ids[1])
    assert listed(versioned, KeyMarker="a b")[0] == [("c", ids[2], True)]
    assert listed(versioned, KeyMarker="a b", VersionIdMarker=ids[1])[0] == [
        ("a b", ids[0], False),
        ("c", ids[2], True),
    ]
    assert listed(versioned, KeyMarker="a b", VersionIdMarker=GONE)[0] == [("c", ids[2], True)]
    assert listed(versioned, MaxKeys=0) == ([], [])
    with pytest.raises(versioned.exceptions.ClientError, match="InvalidArgument"):
        listed(versioned, VersionIdMarker=ids[1])


def test_keys_of_the_listing_are_encoded_where_asked(s3):
    """encoding-type=url spells keys, prefixes and markers so that any XML parser takes them."""
    s3.store.put("bucket", "a +", b"")
    s3.store.put("bucket", "b", b"")
    text = s3("GET", "/bucket?versions&max-keys=1&encoding-type=url&key-marker=%20").body.decode()
    assert "<Key>a+%2B</Key>" in text
    assert "<NextKeyMarker>a+%2B</NextKeyMarker>" in text
    assert "<KeyMarker>+</KeyMarker>" in text
    assert "<Key>a +</Key>" in s3("GET", "/bucket?versions").body.decode()
