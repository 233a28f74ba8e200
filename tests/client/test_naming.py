"""Requests are told apart as S3 tells them apart; botocore is the judge of what a request looks like."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

import botocore.session
import pytest
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st

from s3_asyncio_client._core.naming import operation_of
from s3_asyncio_client._core.operations import OPERATIONS

SERVICE = botocore.session.get_session().get_service_model("s3")

# Names that AWS kept for an operation that has a newer one; the request is the same.
REPLACED = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}
# Told apart by the host alone, which the serializer does not write.
HOST = {"ListDirectoryBuckets": "s3express-control.us-west-2.amazonaws.com"}

unhurried = settings(deadline=None)


def named(method, target, headers):
    """The operation of a request in path style."""
    path, _, query = target.partition("?")
    bucket, _, key = path[1:].partition("/")
    return operation_of(method, bool(bucket), bool(key), dict(parse_qsl(query, keep_blank_values=True)), headers)


def dummy(shape):
    """A value that botocore's serializer takes for *shape*: required members only."""
    if shape.type_name == "structure":
        return {name: dummy(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [dummy(shape.member)]
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "word"
    return {"integer": 1, "long": 1, "boolean": True, "blob": b"x", "timestamp": 0}[shape.type_name]


def test_names_what_botocore_serializes():
    """For each operation of botocore's model, its own request is given its own name."""
    serializer = create_serializer("rest-xml", include_validation=False)
    for name in SERVICE.operation_names:
        model = SERVICE.operation_model(name)
        wire = serializer.serialize_to_request(dummy(model.input_shape), model)
        query = wire["query_string"] if isinstance(wire["query_string"], dict) else {}
        parts = [f"{k}={quote(str(v), safe='')}" for k, v in query.items()]
        path, _, fixed = wire["url_path"].partition("?")
        target = path + "?" + "&".join([fixed, *parts])
        headers = {key.lower(): value for key, value in wire["headers"].items()}
        headers["host"] = HOST.get(name, "s3.us-east-1.amazonaws.com")
        assert named(wire["method"], target, headers) == REPLACED.get(name, name)


@pytest.mark.parametrize(
    ("method", "target", "headers", "operation"),
    [
        ("GET", "/", {}, "ListBuckets"),
        ("GET", "/?x-id=ListBuckets&max-buckets=3", {}, "ListBuckets"),
        ("HEAD", "/", {}, None),
        ("POST", "/", {}, None),
        ("GET", "/b", {}, "ListObjects"),
        ("GET", "/b/", {}, "ListObjects"),
        ("GET", "/b?prefix=uploads&delimiter=%2F&marker=acl", {}, "ListObjects"),
        ("GET", "/b?list-type=2&prefix=a", {}, "ListObjectsV2"),
        ("GET", "/b?list-type=1", {}, "ListObjects"),
        ("GET", "/b?uploads", {}, "ListMultipartUploads"),
        ("GET", "/b?uploads=", {}, "ListMultipartUploads"),
        ("GET", "/b?versions&prefix=a", {}, "ListObjectVersions"),
        ("GET", "/b?inventory", {}, "ListBucketInventoryConfigurations"),
        ("GET", "/b?inventory&id=a", {}, "GetBucketInventoryConfiguration"),
        ("GET", "/b?id=a&inventory", {}, "GetBucketInventoryConfiguration"),
        ("GET", "/b?uploadId=a", {}, None),
        ("GET", "/b?attributes", {}, "ListObjects"),
        ("HEAD", "/b", {}, "HeadBucket"),
        ("PUT", "/b", {}, "CreateBucket"),
        ("DELETE", "/b", {}, "DeleteBucket"),
        ("POST", "/b", {}, "PostObject"),
        ("POST", "/b?delete", {}, "DeleteObjects"),
        ("GET", "/b/k", {}, "GetObject"),
        ("GET", "/b/k?versionId=1&partNumber=2&response-content-type=a", {}, "GetObject"),
        ("GET", "/b/k?X-Amz-Signature=0&X-Amz-Expires=1&x-id=GetObject", {}, "GetObject"),
        ("GET", "/b/k?uploadId=1", {}, "ListParts"),
        ("GET", "/b/k?attributes", {}, "GetObjectAttributes"),
        ("GET", "/b/k?versioning", {}, "GetBucketVersioning"),
        ("PUT", "/b/k?policy", {}, "PutBucketPolicy"),
        ("GET", "/b/k?encryption", {}, None),
        ("GET", "/b/k?publicAccessBlock", {}, "GetObject"),
        ("DELETE", "/b/k?publicAccessBlock", {}, None),
        ("HEAD", "/b/k?partNumber=1", {}, "HeadObject"),
        ("PUT", "/b/k", {}, "PutObject"),
        ("PUT", "/b/k", {"x-amz-copy-source": "b/j"}, "CopyObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", {}, "UploadPart"),
        ("PUT", "/b/k?uploadId=u&partNumber=1", {"x-amz-copy-source": "b/j"}, "UploadPartCopy"),
        ("PUT", "/b/k?tagging", {"x-amz-copy-source": "b/j"}, "PutObjectTagging"),
        ("DELETE", "/b/k?versionId=1", {}, "DeleteObject"),
        ("DELETE", "/b/k?uploadId=1", {}, "AbortMultipartUpload"),
        ("POST", "/b/k?uploads", {}, "CreateMultipartUpload"),
        ("POST", "/b/k?uploadId=1", {}, "CompleteMultipartUpload"),
        ("POST", "/b/k?select&select-type=2", {}, "SelectObjectContent"),
        ("POST", "/b/k", {}, None),
        ("OPTIONS", "/b/k?uploads", {}, "CORSPreflight"),
        ("OPTIONS", "/", {}, "CORSPreflight"),
        ("PATCH", "/b/k", {}, None),
        ("get", "/b/k", {}, None),
    ],
)
def test_names_the_operation(method, target, headers, operation):
    """Method, level, subresource and the few telling headers decide; other parameters do not."""
    assert named(method, target, {"host": "s3.amazonaws.com", **headers}) == operation
    assert operation is None or operation in OPERATIONS


@pytest.mark.parametrize("target", ["/b/k?acl", "/b/k?versions", "/b?acl", "/b?location"])
def test_a_subresource_without_such_a_method_is_no_operation(target):
    """DELETE of a subresource that cannot be deleted is not taken for DELETE of the thing itself."""
    assert named("DELETE", target, {}) is None


@unhurried
@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "TRACE", ""]),
    names=st.lists(st.text(max_size=6) | st.sampled_from(["acl", "uploads", "uploadId", "id", "list-type", "delete"])),
    bucket=st.booleans(),
    key=st.booleans(),
)
def test_names_a_known_operation_or_none(method, names, bucket, key):
    """Whatever comes, the answer is one of OPERATIONS or None."""
    query = dict.fromkeys(names, "2")
    assert operation_of(method, bucket, bucket and key, query, {}) in {*OPERATIONS, None}
