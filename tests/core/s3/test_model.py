"""The whole model: which operations it has, and that it answers everything."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_s3errors._core.s3 import SUPPORTED, answer, missing
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.errors.envelope import render_error
from pytest_s3errors._core.s3.messages import Call, ErrorReply, Response
from pytest_s3errors._core.s3.times import http_date, iso_date, parse_http_date
from s3_asyncio_client._core.operations import OPERATIONS

HOST = {"host": "s3.us-east-1.amazonaws.com"}


def ask_for(operation, **query):
    """Return a call of *operation* on bucket/key."""
    return Call(
        method="GET",
        url="https://s3.us-east-1.amazonaws.com/bucket/key",
        endpoint="s3.us-east-1.amazonaws.com",
        operation=operation,
        bucket="bucket",
        key="key",
        query=query,
    )


def test_it_has_the_operations_it_says():
    """SUPPORTED is what the client needs, all of them operations of S3."""
    assert set(OPERATIONS) >= SUPPORTED


def test_what_it_lacks_it_says(s3):
    """An operation outside SUPPORTED is NotImplemented, and `missing` names it."""
    for operation in [*sorted(set(OPERATIONS) - SUPPORTED), "Nonsense"]:
        call = ask_for(operation)
        reply = answer(s3.store, call, b"", new_id=s3.new_id)
        assert (reply.code, reply.status) == ("NotImplemented", 501), operation
        assert operation in missing(call)
        assert s3.store.buckets == [], operation


def test_a_form_that_nobody_has_seen_s3_refuse_is_missing():
    """S3 ignores the selector on a read; what it does on a write is not known, and guessing might delete the object."""
    call = parse_call(method="DELETE", target="/bucket/key?object-lock", headers=HOST)
    assert missing(call) == "operation of this form"


def test_nothing_is_missing_from_a_plain_request():
    """`missing` is None for what the model answers as S3 would."""
    assert [missing(ask_for(operation)) for operation in SUPPORTED] == [None] * len(SUPPORTED)


@pytest.mark.parametrize(
    "header",
    [
        "x-amz-object-lock-event-hold",
        "x-amz-write-offset-bytes",
        "x-amz-checksum-sha512",
    ],
)
def test_headers_it_does_not_obey_are_missing(header):
    """A header that would change what S3 does, and does not here, is named."""
    call = parse_call(method="PUT", target="/bucket/key", headers={**HOST, header: "x"})
    assert missing(call) == f"header {header}"


@pytest.mark.parametrize(("algorithm", "expected"), [("XXHASH64", "checksum algorithm XXHASH64"), ("crc32", None)])
def test_the_newest_checksum_algorithms_are_missing(algorithm, expected):
    """An upload that announces one is not refused as if S3 did not know it."""
    headers = {**HOST, "x-amz-checksum-algorithm": algorithm}
    assert missing(parse_call(method="POST", target="/bucket/key?uploads", headers=headers)) == expected


@pytest.mark.parametrize("target", ["/bucket/%FF", "/%FF/key", "/bucket?list-type=2&prefix=%FF", "/bucket/key?%FF=1"])
def test_names_that_are_no_text(s3, code, target):
    """Percent-encoded bytes that are no UTF-8 are InvalidURI."""
    assert code(s3("GET", target)) == "InvalidURI"


def presigned(s3, after, expires="60"):
    """Ask for a presigned bucket/key *after* seconds."""
    s3.store.put("bucket", "key", b"data")
    signed = f"{s3.now:%Y%m%dT%H%M%SZ}"
    s3.wait(after)
    return s3("GET", f"/bucket/key?X-Amz-Date={signed}&X-Amz-Expires={expires}&X-Amz-Signature=0")


@pytest.mark.parametrize(("after", "expected"), [(59, "200"), (60, "200"), (61, "AccessDenied")])
def test_a_presigned_url_ends(s3, code, after, expected):
    """To the second after X-Amz-Expires it works; then it is AccessDenied with both times."""
    reply = presigned(s3, after)
    assert code(reply) == expected
    if expected != "200":
        elements = {"X-Amz-Expires": "60", "Expires": "2026-05-01T12:01:00Z", "ServerTime": "2026-05-01T12:01:01Z"}
        assert (reply.status, dict(reply.elements)) == (403, elements)


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        ("604799", "200"),
        ("604800", "200"),
        ("604801", "AuthorizationQueryParametersError"),
        ("9" * 5000, "AuthorizationQueryParametersError"),
    ],
)
def test_the_limit_of_a_presigned_url(s3, code, expires, expected):
    """A week at most."""
    assert code(presigned(s3, 0, expires)) == expected


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - Hypothesis wants it so
def test_dates_are_spelled_right(moment):
    """HTTP dates come back from the standard library's parser; ISO dates from its own."""
    moment = moment.replace(microsecond=0)
    assert parse_http_date(http_date(moment)).replace(tzinfo=None) == moment
    assert datetime.fromisoformat(iso_date(moment)).replace(tzinfo=None) == moment


TEXT = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "*", "bytes=0-", "bucket", "key", "bucket/key", "null", "COPY", "REPLACE"]),
    st.sampled_from(
        [
            "aws-chunked",
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "CRC32",
            "url",
            "/",
            "upload-1",
            "ENABLED",
            "ETag,ObjectParts",
        ]
    ),
    st.text(max_size=12),
    st.text(alphabet=st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"]), max_size=2),
    st.integers(-5, 10**6).map(str),
)
QUERY = [
    "prefix",
    "delimiter",
    "marker",
    "continuation-token",
    "start-after",
    "max-keys",
    "encoding-type",
    "fetch-owner",
    "Expires",
    "AWSAccessKeyId",
]
QUERY += ["partNumber", "uploadId", "versionId", "response-content-type", "X-Amz-Date", "X-Amz-Expires", "max-parts"]
QUERY += ["part-number-marker", "key-marker", "upload-id-marker", "max-uploads", "max-buckets", "bucket-region"]
QUERY += ["version-id-marker"]
HEADERS = ["range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "content-md5"]
HEADERS += ["x-amz-content-sha256", "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm", "content-encoding"]
HEADERS += ["x-amz-decoded-content-length", "content-length", "x-amz-trailer", "x-amz-copy-source", "x-amz-meta-a"]
HEADERS += ["x-amz-copy-source-range", "x-amz-copy-source-if-match", "x-amz-metadata-directive", "x-amz-storage-class"]
HEADERS += ["x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-server-side-encryption", "content-type"]
HEADERS += ["x-amz-mp-object-size", "x-amz-checksum-mode", "x-amz-tagging", "x-amz-tagging-directive"]
HEADERS += ["x-amz-object-attributes", "x-amz-max-parts", "x-amz-part-number-marker"]
BODY = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [
            b"<Delete><Object><Key>key</Key><ETag>x</ETag><VersionId>v</VersionId></Object></Delete>",
            b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
            b"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
            b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
            b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
            b"4\r\ndata\r\n0\r\nx-amz-checksum-crc32:rfPzYw==\r\n\r\n",
        ]
    ),
)


@given(
    names=st.tuples(
        st.sampled_from(sorted(SUPPORTED)),
        st.sampled_from(["bucket", "other", "x", None]),
        st.one_of(st.just("key"), TEXT, st.none()),
    ),
    query=st.dictionaries(st.sampled_from(QUERY), TEXT, max_size=4),
    headers=st.dictionaries(st.sampled_from(HEADERS), TEXT, max_size=4),
    body=BODY,
    versioning=st.booleans(),
)
@settings(max_examples=4 * settings.default.max_examples)
def test_it_answers_everything(judge, names, query, headers, body, versioning):
    """Any request gets an answer that can be sent; an error leaves the store as it was."""
    s3 = judge.new()
    s3.store.create_bucket("bucket", versioning=versioning)
    s3.store.put("bucket", "key", b"data", metadata={"who": "me"})
    s3("POST", "/bucket/key?uploads")
    s3("PUT", "/bucket/key?partNumber=1&uploadId=upload-1", b"part")
    before = held(s3.store)
    call = Call(
        method="GET",
        url="https://s3.us-east-1.amazonaws.com/bucket/key",
        endpoint="s3.us-east-1.amazonaws.com",
        operation=names[0],
        bucket=names[1],
        key=names[2],
        query=query,
        headers=headers,
    )
    reply = answer(s3.store, call, body, new_id=s3.new_id)
    if isinstance(reply, ErrorReply):
        assert 300 <= reply.status < 600
        assert held(s3.store) == before
        reply = render_error(reply, call, request_id="REQUEST", host_id="HOST")
    assert isinstance(reply, Response)
    for name, value in reply.headers.items():
        assert name.isascii()
        value.encode("latin-1")


def held(store):
    """Return all that an error must not change."""
    return (store.buckets, store.versions("bucket", "key"), store.exists("bucket", "key"), store.unfinished_uploads)


def test_presigned_urls_of_botocore_work_until_they_end(boto, s3, code):
    """A URL that botocore presigned, by its default of signature version 2, is refused when its time is over."""
    s3.store.put("bucket", "a b", b"data")
    url = boto.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a b"}, ExpiresIn=60)
    target = url.partition(HOST["host"])[2]
    ends = int(parse_call(method="GET", target=target, headers=HOST).query["Expires"])
    for second, expected in ((ends - 1, "200"), (ends, "200"), (ends + 1, "AccessDenied")):
        s3.now = datetime.fromtimestamp(second, UTC)
        reply = s3("GET", target)
        assert code(reply) == expected
    assert [name for name, _ in reply.elements] == ["Expires", "ServerTime"]


@pytest.mark.parametrize("expires", ["", "x", "9" * 5000])
def test_an_expiry_that_is_no_time(s3, code, expires):
    """Signature version 2 wants seconds since 1970; anything else has ended."""
    s3.store.put("bucket", "key", b"data")
    assert code(s3("GET", f"/bucket/key?AWSAccessKeyId=a&Signature=b&Expires={expires}")) == "AccessDenied"
