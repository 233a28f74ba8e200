"""Requests are told apart as S3 tells them apart; botocore is the judge of what a request looks like."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

import botocore.awsrequest
import botocore.config
import botocore.session
import pytest
from botocore.serialize import create_serializer
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_s3errors._core.s3.operations import OPERATIONS, operation_of, parse_call
from s3_asyncio_client._core.addressing import build_url

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
# Without a method in botocore.
NOT_IN_BOTOCORE = {"PostObject", "CORSPreflight"}

unhurried = settings(deadline=None)
any_key = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
awkward_key = st.text(st.sampled_from("ab/.+% ~é\u2603\U0001f600?#&=:'()\n\\"), min_size=1, max_size=20) | any_key


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


@pytest.mark.parametrize("name", sorted(SERVICE.operation_names))
def test_names_what_botocore_serializes(name):
    """For each operation of botocore's model, its own request is given its own name."""
    model = SERVICE.operation_model(name)
    wire = create_serializer("rest-xml", include_validation=False).serialize_to_request(dummy(model.input_shape), model)
    query = wire["query_string"] if isinstance(wire["query_string"], dict) else {}
    parts = [f"{k}={quote(str(v), safe='')}" for k, v in query.items()]
    path, _, fixed = wire["url_path"].partition("?")
    target = path + "?" + "&".join([fixed, *parts])
    headers = {key.lower(): value for key, value in wire["headers"].items()}
    headers["host"] = HOST.get(name, "s3.us-east-1.amazonaws.com")
    call = parse_call(method=wire["method"], target=target, headers=headers)
    assert call.operation == REPLACED.get(name, name)


def test_lists_every_operation_of_botocore_and_no_other():
    """OPERATIONS is botocore's list, less replaced names, plus the two that browsers alone send."""
    ours = set(OPERATIONS)
    assert set(SERVICE.operation_names) - set(REPLACED) <= ours
    newer = {name for name in ours if "Annotation" in name} | {"UpdateObjectEncryption"}
    newer |= {"GetBucketAbac", "PutBucketAbac"} | {name for name in ours if "BucketMetadata" in name}
    assert ours - set(SERVICE.operation_names) - newer == NOT_IN_BOTOCORE
    assert list(OPERATIONS) == sorted(ours)


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
        ("GET", "/b?uploadId=a", {}, "ListObjects"),
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
        ("OPTIONS", "/", {}, None),
        ("PATCH", "/b/k", {}, None),
        ("get", "/b/k", {}, None),
    ],
)
def test_names_the_operation(method, target, headers, operation):
    """Method, level, subresource and the few telling headers decide; other parameters do not."""
    call = parse_call(method=method, target=target, headers={"host": "s3.amazonaws.com", **headers})
    assert call.operation == operation
    assert operation is None or operation in OPERATIONS


@pytest.mark.parametrize("target", ["/b/k?acl", "/b/k?versions", "/b?acl", "/b?location"])
def test_a_subresource_without_such_a_method_is_no_operation(target):
    """DELETE of a subresource that cannot be deleted is not taken for DELETE of the thing itself."""
    assert parse_call(method="DELETE", target=target, headers={"host": "s3.amazonaws.com"}).operation is None


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


@dataclass
class Sent:
    """What botocore would have put on the wire."""

    request: botocore.awsrequest.AWSPreparedRequest | None = None

    def __call__(self, request, **_kwargs):
        self.request = request
        return botocore.awsrequest.AWSResponse(request.url, 204, {}, SimpleNamespace(stream=lambda: iter([b""])))


def client(style, sent, **options):
    session = botocore.session.Session()
    session.set_credentials("an-id", "a-key")
    config = botocore.config.Config(s3={"addressing_style": style}, ignore_configured_endpoint_urls=True)
    made = session.create_client("s3", region_name="eu-west-1", config=config, **options)
    made.meta.events.register("before-send.s3", sent)
    return made


@pytest.fixture(scope="module")
def clients():
    """One recording botocore client per addressing style, on Amazon's host and on another."""
    made = {}
    for style in ("path", "virtual"):
        for url in (None, "http://store.example:9000"):
            sent = Sent()
            made[style, url] = (client(style, sent, endpoint_url=url), sent)
    return made


@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("url", [None, "http://store.example:9000"])
@unhurried
@given(key=awkward_key)
def test_reads_bucket_and_key_of_botocores_urls(clients, style, url, key):
    """Whatever the key, both addressing styles are read back as botocore meant them."""
    boto, sent = clients[style, url]
    boto.delete_object(Bucket="some-bucket", Key=key)
    parts = urlsplit(sent.request.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    call = parse_call(
        method=sent.request.method,
        target=target,
        scheme=parts.scheme,
        headers={"host": parts.netloc},
        endpoints=("store.example:9000",),
    )
    assert (call.bucket, call.key, call.operation) == ("some-bucket", key, "DeleteObject")
    assert call.endpoint == ("store.example:9000" if url else "s3.eu-west-1.amazonaws.com")
    assert call.url == sent.request.url


@pytest.mark.parametrize("endpoint", ["https://s3.us-east-1.amazonaws.com", "http://127.0.0.1:9000"])
@unhurried
@given(key=awkward_key)
def test_reads_bucket_and_key_of_our_clients_urls(endpoint, key):
    """What s3_asyncio_client builds from a bucket and a key is read back as that bucket and key."""
    url = build_url(endpoint, "some-bucket", key)
    call = parse_call(method="GET", target=url, headers={})
    assert (call.bucket, call.key, call.url) == ("some-bucket", key, url)
    assert call.endpoint == urlsplit(endpoint).netloc


@unhurried
@given(raw=st.binary(min_size=1, max_size=30))
def test_no_byte_of_a_key_is_lost(raw):
    """A percent-encoded key gives its bytes back, UTF-8 or not."""
    call = parse_call(method="GET", target="/b/" + quote(raw, safe=""), headers={"host": "h"})
    assert call.key.encode(errors="surrogateescape") == raw


@pytest.mark.parametrize("key", ["/lead", "a//b", "a/./b/../c", "..", "a+b", "/", "//", "a/"])
def test_a_key_is_not_tidied(key):
    """Slashes, dots and plus signs of a key stay, in both addressing styles."""
    assert parse_call(method="GET", target=f"/b/{key}", headers={"host": "s3.amazonaws.com"}).key == key
    assert parse_call(method="GET", target=f"/{key}", headers={"host": "b.s3.amazonaws.com"}).key == key


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        ("prefix=a+b%2Bc%20d", {"prefix": "a b+c d"}),
        ("a&b=&c=1=2", {"a": "", "b": "", "c": "1=2"}),
        ("&&a=1&", {"a": "1"}),
        ("a=1&a=2", {"a": "2"}),
        ("x%2Did=%E2%98%83", {"x-id": "\u2603"}),
        ("", {}),
        ("=1", {}),
    ],
)
def test_reads_the_query(raw, query):
    """Names and values are decoded, a plus is a space, a bare name is empty, a repeated one counts last."""
    assert dict(parse_call(method="GET", target=f"/b?{raw}", headers={"host": "h"}).query) == query


@pytest.mark.parametrize(
    ("target", "host", "url", "bucket", "key"),
    [
        ("https://b.s3.amazonaws.com/k?x=1", None, "https://b.s3.amazonaws.com/k?x=1", "b", "k"),
        ("http://h:9000", None, "http://h:9000/", None, None),
        ("http://h:9000?list-type=2", None, "http://h:9000/?list-type=2", None, None),
        ("http://me:secret@h/b/k", None, "http://h/b/k", "b", "k"),
        ("https://127.0.0.1:1/b/k", "s3.amazonaws.com", "https://s3.amazonaws.com/b/k", "b", "k"),
        ("/b/http://x", "h", "https://h/b/http://x", "b", "http://x"),
        ("/b/k", None, "https://in-header/b/k", "b", "k"),
        ("*", "h", "https://h*", None, None),
    ],
)
def test_reads_whole_urls_and_paths(target, host, url, bucket, key):
    """The host is the one given, else a whole URL's, else the Host header's; passwords are dropped."""
    call = parse_call(method="GET", target=target, headers={"host": "in-header"}, host=host)
    assert (call.url, call.bucket, call.key) == (url, bucket, key)


def test_an_empty_bucket_name_is_kept_for_the_model_to_refuse():
    """A path of two slashes and a key names a bucket without a name; it must not pass for ListBuckets."""
    call = parse_call(method="GET", target="//key", headers={"host": "s3.amazonaws.com"})
    assert (call.bucket, call.key, call.operation) == ("", "key", "GetObject")


@unhurried
@given(target=st.text(max_size=30), host=st.text(max_size=30))
def test_parses_whatever_comes(target, host):
    """No request target and no Host header makes parsing fail."""
    call = parse_call(method="GET", target=target, headers={"host": host}, endpoints=["x"])
    assert call.operation in {*OPERATIONS, None}
