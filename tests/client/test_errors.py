"""From status, headers and body to a typed error."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_asyncio_client._core.errors import (
    MAX_ERROR_BODY,
    error_from_fields,
    error_from_response,
    parse_error_document,
)
from s3_asyncio_client.exceptions import (
    S3AccessDeniedError,
    S3ClientError,
    S3Error,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ResponseError,
    S3ServerError,
)

NO_SUCH_KEY = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>no such thing</Message>'
    b"<Key>a&amp;b</Key><RequestId>4442587FB7D0A2F9</RequestId><HostId>aGVsbG8=</HostId></Error>"
)
NOW = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)


def make(status, fields=None, headers=None, **more):
    return error_from_fields(status=status, fields=fields, headers=headers or {}, **more)


@pytest.mark.parametrize(
    "body",
    [
        NO_SUCH_KEY,
        b"\n  " + NO_SUCH_KEY,
        b"\xef\xbb\xbf" + NO_SUCH_KEY,
        NO_SUCH_KEY.replace(b"\n<Error>", b"\n   \n<Error>"),
        NO_SUCH_KEY.replace(b'<?xml version="1.0" encoding="UTF-8"?>\n', b""),
        NO_SUCH_KEY.replace(b"<Error>", b'<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'),
        NO_SUCH_KEY.replace(b"Error>", b"x:Error>").replace(b"<x:Error>", b'<x:Error xmlns:x="urn:x">', 1),
    ],
    ids=["plain", "space before", "byte order mark", "space after prolog", "no prolog", "namespace", "prefix"],
)
def test_reads_an_error_document_in_all_its_forms(body):
    """Prolog, namespace and padding make no difference; the order of the elements is kept."""
    assert list(parse_error_document(body).items()) == [
        ("Code", "NoSuchKey"),
        ("Message", "no such thing"),
        ("Key", "a&b"),
        ("RequestId", "4442587FB7D0A2F9"),
        ("HostId", "aGVsbG8="),
    ]


@pytest.mark.parametrize("cut", range(0, len(NO_SUCH_KEY), 7))
def test_a_document_cut_short_is_none(cut):
    """Whatever byte the document ends at, half of it is not taken for the whole."""
    assert parse_error_document(NO_SUCH_KEY[:cut]) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>503</body></html>",
        b"<ErrorResponse><Error><Code>X</Code></Error></ErrorResponse>",
        b"<ListBucketResult/>",
        b"service unavailable",
        NO_SUCH_KEY + b"x",
        b"<Error><Code>\xff</Code></Error>",
        b"<!DOCTYPE html><html></html>",
        b'<!DOCTYPE Error [<!ENTITY a "aaaa">]><Error><Code>&a;</Code></Error>',
        '<!DOCTYPE Error [<!ENTITY a "aaaa">]><Error><Code>&a;</Code></Error>'.encode("utf-16"),
        b"<Error><Code>&undefined;</Code></Error>",
    ],
)
def test_what_is_no_error_document_is_none(body):
    """HTML, other roots, broken XML, other encodings and anything with a DOCTYPE are not read."""
    assert parse_error_document(body) is None


def test_the_first_of_two_equal_elements_counts_and_text_is_trimmed():
    """A document with two codes has the first; an empty element has no text."""
    body = b"<Error><Code>\n A </Code><Code>B</Code><Message/></Error>"
    assert parse_error_document(body) == {"Code": "A", "Message": ""}


@pytest.mark.parametrize(("extra", "is_read"), [(-1, True), (0, True), (1, False)])
def test_bodies_are_read_up_to_the_limit(extra, is_read):
    """A body of MAX_ERROR_BODY bytes is read, one more is not."""
    padding = MAX_ERROR_BODY - len(NO_SUCH_KEY) + extra
    assert (parse_error_document(b" " * padding + NO_SUCH_KEY) is not None) is is_read


@pytest.mark.parametrize(
    ("status", "code", "cls"),
    [
        (400, "MalformedXML", S3InvalidRequestError),
        (400, "NoSuchKey", S3InvalidRequestError),
        (403, "SignatureDoesNotMatch", S3AccessDeniedError),
        (403, "NoSuchKey", S3AccessDeniedError),
        (404, "NoSuchUpload", S3NotFoundError),
        (404, "AccessDenied", S3NotFoundError),
        (405, "MethodNotAllowed", S3ClientError),
        (409, "NoSuchBucket", S3NotFoundError),
        (410, "NoSuchKey", S3NotFoundError),
        (401, "AccessDenied", S3AccessDeniedError),
        (412, "PreconditionFailed", S3ClientError),
        (429, "SlowDown", S3ClientError),
        (500, "NoSuchKey", S3ServerError),
        (503, "SlowDown", S3ServerError),
        (301, "PermanentRedirect", S3Error),
        (304, "NotModified", S3Error),
        (200, "AccessDenied", S3ServerError),
        (200, "InternalError", S3ServerError),
    ],
)
def test_the_status_decides_the_class_and_the_code_refines_it(status, code, cls):
    """The class follows the status; the code is kept as sent."""
    error = make(status, {"Code": code, "Message": "m"})
    assert type(error) is cls
    assert (error.status_code, error.error_code, error.message) == (status, code, "m")


@pytest.mark.parametrize("fields", [{}, {"Message": ""}, {"Code": ""}])
def test_a_document_without_code_and_message_still_makes_an_error(fields):
    """An error document may be empty; inside a 200 it is an S3ServerError all the same."""
    error = make(200, fields)
    assert type(error) is S3ServerError
    assert error.error_code == "Unknown"
    assert "200" in error.message


def test_a_success_that_is_no_document_is_no_s3_protocol():
    """A 2xx that somebody takes for an error without a document says that the server is not S3."""
    assert type(make(200, None, text="<html>")) is S3ResponseError


@pytest.mark.parametrize(
    ("status", "target", "code"),
    [
        (404, {"bucket": "b", "key": "k"}, "NoSuchKey"),
        (404, {"bucket": "b"}, "NoSuchBucket"),
        (404, {}, "NotFound"),
        (301, {}, "PermanentRedirect"),
        (304, {}, "NotModified"),
        (307, {}, "TemporaryRedirect"),
        (400, {}, "InvalidRequest"),
        (403, {}, "AccessDenied"),
        (405, {}, "MethodNotAllowed"),
        (409, {}, "OperationAborted"),
        (411, {}, "MissingContentLength"),
        (412, {}, "PreconditionFailed"),
        (416, {}, "InvalidRange"),
        (500, {}, "InternalError"),
        (501, {}, "NotImplemented"),
        (503, {}, "ServiceUnavailable"),
        (418, {}, "Unknown"),
    ],
)
def test_without_a_body_the_status_gives_the_code(status, target, code):
    """Answers to HEAD have no body; what was asked for tells what a 404 is about."""
    error = error_from_response(status=status, headers={}, body=b"", **target)
    assert error.error_code == code
    assert str(status) in error.message
    assert (error.bucket, error.key) == (target.get("bucket"), target.get("key"))


def test_a_body_of_blanks_is_no_body():
    """White space that keeps a connection alive says nothing."""
    assert error_from_response(status=503, headers={}, body=b" \n ").error_code == "ServiceUnavailable"


def test_a_body_that_is_no_document_becomes_the_message():
    """A load balancer's page is shown, cut to 500 characters, with no invented code."""
    error = error_from_response(status=502, headers={}, body=b"<html>bad gateway \xff" + b"x" * 1000)
    assert type(error) is S3ServerError
    assert error.error_code == "Unknown"
    assert error.message.startswith("<html>bad gateway \ufffd")
    assert len(error.message) == 500


def test_every_attribute_is_filled():
    """Operation, target, ids and details arrive on the error."""
    error = error_from_response(
        status=404, headers={}, body=NO_SUCH_KEY, operation="GetObject", bucket="photos", key="a&b"
    )
    assert vars(error) == {
        "message": "no such thing",
        "status_code": 404,
        "error_code": "NoSuchKey",
        "request_id": "4442587FB7D0A2F9",
        "host_id": "aGVsbG8=",
        "operation": "GetObject",
        "bucket": "photos",
        "key": "a&b",
        "retry_after": None,
        "details": {"Key": "a&b"},
    }


@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title])
def test_headers_are_read_in_any_case(spell):
    """Ids, region and Retry-After are found however the server spells their names."""
    headers = {"x-amz-request-id": "R", "x-amz-id-2": "H", "retry-after": "3", "x-amz-bucket-region": "eu-west-1"}
    error = make(301, None, {spell(name): value for name, value in headers.items()})
    assert (error.request_id, error.host_id, error.retry_after) == ("R", "H", 3.0)
    assert error.details == {"Region": "eu-west-1"}


def test_the_document_wins_over_the_headers():
    """Ids and region of the document are the nearer ones."""
    error = make(
        400,
        {"Code": "AuthorizationHeaderMalformed", "Region": "eu-west-1", "RequestId": "R1", "HostId": "H1"},
        {"x-amz-request-id": "R2", "x-amz-id-2": "H2", "x-amz-bucket-region": "us-west-2"},
    )
    assert (error.request_id, error.host_id, error.details["Region"]) == ("R1", "H1", "eu-west-1")


@pytest.mark.parametrize(("status", "has_region"), [(301, True), (307, True), (400, True), (404, False), (500, False)])
def test_the_region_header_counts_where_it_says_where_to_go(status, has_region):
    """Only a redirect or a bad request tells the right region by header."""
    error = make(status, None, {"x-amz-bucket-region": "eu-west-1"})
    assert ("Region" in error.details) is has_region


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 0.5 "}, 0.5),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "1e3"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Wed, 01 May 2024 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Wednesday, 01-May-24 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Wed May  1 12:00:30 2024"}, 30.0),
        ({"Retry-After": "Wed, 01 May 2024 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Wed, 99 May 2024 11:00:00 GMT"}, None),
        ({"Retry-After": "Wed, 01 May 99999999999999999999 11:00:00 GMT"}, None),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"x-amz-retry-after": "x"}, None),
        ({"Retry-After": "2", "x-amz-retry-after": "1500"}, 2.0),
        ({"Retry-After": "soon", "x-amz-retry-after": "1500"}, 1.5),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_nothing(headers, seconds):
    """Seconds, the three spellings of an HTTP date, and milliseconds of x-amz-retry-after become float seconds."""
    assert make(503, None, headers, now=NOW).retry_after == seconds


def test_a_date_without_a_clock_is_ignored():
    """Without the current time a date says nothing about a delay."""
    assert make(503, None, {"Retry-After": "Wed, 01 May 2024 12:00:30 GMT"}).retry_after is None


SECRET = "s3cr3t" + "0123abcd"


@pytest.mark.parametrize(
    "name",
    [
        "StringToSign",
        "CanonicalRequest",
        "SignatureProvided",
        "StringToSignBytes",
        "CanonicalRequestBytes",
        "Token-0",
        "AWSAccessKeyId",
    ],
)
def test_elements_that_hold_secrets_are_dropped(name):
    """What S3 echoes to debug a signature does not become an attribute."""
    error = make(403, {"Code": "SignatureDoesNotMatch", "Message": "m", name: SECRET, "Kept": "x"})
    assert error.details == {"Kept": "x"}


@pytest.mark.parametrize("number", ["", "1", "2"])
def test_an_echoed_authorization_header_is_dropped(number):
    """InvalidArgument quotes the argument: not if it is a credential."""
    fields = {"Code": "InvalidArgument", f"ArgumentName{number}": "Authorization", f"ArgumentValue{number}": SECRET}
    assert make(400, fields).details == {f"ArgumentName{number}": "Authorization"}
    fields[f"ArgumentName{number}"] = "partNumber"
    assert make(400, fields).details[f"ArgumentValue{number}"] == SECRET


@pytest.mark.parametrize(
    "text",
    [
        f"GET /b/k?X-Amz-Signature={SECRET}&amp;x=1",
        f"/k?x-amz-security-token={SECRET}",
        f"Credential={SECRET}, SignedHeaders=host, Signature={SECRET}",
        f'<a href="/k?X-Amz-Credential={SECRET}">',
        f"/k?AWSAccessKeyId={SECRET}&Signature={SECRET}&Expires=1",
        "x" * 480 + f" Signature={SECRET}",
    ],
)
def test_signed_urls_lose_their_signature(text):
    """A page or message that echoes the request does not bring credentials into a log."""
    errors = [make(400, None, text=text), make(400, {"Message": text}), make(400, {"Code": "X", "Resource": text})]
    assert all(SECRET[:4] not in f"{error!r}{error}" for error in errors)
    assert all("***" in repr(error) for error in errors)


@given(body=st.binary(max_size=200) | st.text(max_size=200).map(lambda t: f"<Error>{t}</Error>".encode()))
def test_any_body_gives_an_error(body):
    """Whatever bytes come, the result is an S3Error with that status."""
    error = error_from_response(status=500, headers={}, body=body)
    assert type(error) is S3ServerError
    assert error.status_code == 500
