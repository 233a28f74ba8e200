"""Errors and documents in bytes: botocore's own parser and the standard library's read them back."""

from __future__ import annotations

import random
import re
from base64 import b64decode
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.errors.catalogue import CODES, error_reply
from pytest_s3errors._core.s3.errors.envelope import document, new_ids, reason, render_error
from pytest_s3errors._core.s3.messages import ErrorReply

IDS = {"request_id": "4442587FB7D0A2F9", "host_id": "aG9zdA=="}
unhurried = settings(deadline=None)
PROLOG = b'<?xml version="1.0" encoding="UTF-8"?>\n'

# What XML 1.0 can carry, less the carriage return that parsers normalise (it has a test of its own).
xml_text = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\r\ufffe\uffff").filter(
        lambda char: char >= " " or char in "\t\n"
    )
)


def call(method="GET", target="/bucket/key", **headers):
    return parse_call(method=method, target=target, headers={"host": "s3.us-east-1.amazonaws.com", **headers})


def test_is_to_the_byte_what_s3_sends():
    """Prolog, line feed, then one line: Code, Message, own elements, RequestId, HostId."""
    assert render_error(error_reply("NoSuchKey", call()), call(), **IDS).body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>key</Key>"
        b"<RequestId>4442587FB7D0A2F9</RequestId><HostId>aG9zdA==</HostId></Error>"
    )


def test_carries_the_headers_of_every_error():
    """The ids of the body, the server's name and the media type; no length, which the sender of the bytes states."""
    response = render_error(error_reply("AccessDenied", call()), call(), **IDS)
    assert response.headers == {
        "x-amz-request-id": IDS["request_id"],
        "x-amz-id-2": IDS["host_id"],
        "Server": "AmazonS3",
        "Content-Type": "application/xml",
    }
    assert response.length is None


@pytest.mark.parametrize("header", ["Content-Type", "content-type"])
def test_the_replys_headers_win(header):
    """A header of the reply replaces the usual one of that name, however it is spelled."""
    reply = error_reply("AccessDenied", call(), headers={header: "text/plain", "Retry-After": "3"})
    headers = render_error(reply, call(), **IDS).headers
    assert headers[header] == "text/plain"
    assert headers["Retry-After"] == "3"
    assert [name.lower() for name in headers].count("content-type") == 1


@pytest.mark.parametrize("code", ["NoSuchKey", "SlowDown", "PreconditionFailed"])
def test_head_has_no_body_but_a_media_type(code):
    """An error to HEAD is its status and headers alone."""
    response = render_error(error_reply(code, call("HEAD")), call("HEAD"), **IDS)
    assert (response.status, response.body, response.length) == (CODES[code].status, b"", None)
    assert response.headers["Content-Type"] == "application/xml"


def test_not_modified_has_neither_body_nor_media_type():
    """304 says only that there is nothing to say."""
    request = call(**{"if-none-match": '"e"'})
    response = render_error(error_reply("NotModified", request), request, **IDS)
    assert (response.body, response.length) == (b"", None)
    assert "Content-Type" not in response.headers
    assert response.headers["ETag"] == '"e"'


@pytest.mark.parametrize(
    ("method", "target", "copies", "code", "prolog"),
    [
        ("POST", "/b/k?uploadId=u", False, "InvalidPart", False),
        ("POST", "/b/k?uploadId=u", False, "NoSuchUpload", False),
        ("POST", "/b/k?uploadId=u", False, "InternalError", True),
        ("PUT", "/b/k?uploadId=u&partNumber=1", True, "PreconditionFailed", False),
        ("PUT", "/b/k?uploadId=u&partNumber=1", True, "SlowDown", True),
        ("PUT", "/b/k?uploadId=u&partNumber=1", True, "TemporaryRedirect", True),
        ("PUT", "/b/k?uploadId=u&partNumber=1", False, "NoSuchUpload", True),
        ("PUT", "/b/k", True, "PreconditionFailed", True),
        ("GET", "/b/k?uploadId=u", False, "NoSuchUpload", True),
    ],
)
def test_leaves_the_prolog_out_where_s3_does(method, target, copies, code, prolog):
    """Only a 4xx of CompleteMultipartUpload and of UploadPartCopy starts with the root element."""
    request = call(method, target, **({"x-amz-copy-source": "b/j"} if copies else {}))
    body = render_error(error_reply(code, request), request, **IDS).body
    assert body.startswith(PROLOG + b"<Error>" if prolog else b"<Error>")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE"])
def test_closes_the_connection_where_s3_does(method):
    """Connection: close comes with the codes of the catalogue, with a 301 only where a body was announced."""
    request = call(method)
    closing = {
        code for code in CODES if "Connection" in render_error(error_reply(code, request), request, **IDS).headers
    }
    unread = {"PermanentRedirect"} if method not in ("PUT", "POST") else set()
    assert closing == {code for code, spec in CODES.items() if spec.closes} - unread
    assert {"RequestTimeout", "SlowDown"} <= closing


@unhurried
@given(code=xml_text.filter(str.strip), message=xml_text.filter(str.strip), key=xml_text)
def test_text_arrives_as_it_was_said(code, message, key):
    """Markup, entities, quotes and any character of XML pass through the parser unchanged."""
    reply = ErrorReply(code=code, status=400, message=message, elements=(("Key", key),))
    root = ET.fromstring(render_error(reply, call(), **IDS).body)
    assert [child.tag for child in root] == ["Code", "Message", "Key", "RequestId", "HostId"]
    assert [child.text or "" for child in root][:3] == [code, message, key]


@unhurried
@given(st.text(st.characters(), max_size=30))
def test_any_text_makes_a_readable_document(text):
    """What XML cannot carry becomes a question mark; a carriage return survives."""
    reply = ErrorReply(code="X", status=400, message=text)
    root = ET.fromstring(render_error(reply, call(), **IDS).body)
    expected = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "?", text)
    assert (root.findtext("Message") or "") == expected


def test_control_characters_and_surrogates_become_question_marks():
    """The key of a request whose bytes are no UTF-8, or hold a NUL, can be repeated."""
    request = call(target="/b/a%00b%FFc%0Dd%3C%26")
    body = render_error(error_reply("NoSuchKey", request), request, **IDS).body
    assert b"<Key>a?b?c&#13;d&lt;&amp;</Key>" in body


def test_white_space_keeps_the_connection_alive_before_an_error_in_a_200():
    """It stands between the prolog and the error; the connection stays."""
    response = render_error(error_reply("SlowDown", call(), status=200), call(), **IDS)
    assert response.body.partition(b"<Error>")[0] == PROLOG + b"   "
    assert "Connection" not in response.headers


def test_ids_have_s3s_form():
    """16 characters of 0-9A-Z and 76 of base64, whatever the source draws."""
    sources = [random.Random(seed).getrandbits for seed in range(50)] + [lambda _: 0, lambda bits: (1 << bits) - 1]
    for source in sources:
        request_id, host_id = new_ids(source)
        assert re.fullmatch("[0-9A-Z]{16}", request_id)
        assert len(host_id) == 76
        assert len(b64decode(host_id, validate=True)) == 57


def test_ids_follow_their_source():
    """The same seed gives the same ids, another draw gives others."""
    first, second = random.Random(1), random.Random(1)
    drawn = [new_ids(first.getrandbits) for _ in range(100)]
    assert drawn == [new_ids(second.getrandbits) for _ in range(100)]
    assert len({request_id for request_id, _ in drawn}) == len({host_id for _, host_id in drawn}) == 100


def test_writes_a_document():
    """Children in order, nested, empty ones too, text escaped, S3's namespace on the root."""
    body = document(
        "ListBucketResult",
        [("Name", "a&b"), ("Prefix", ""), ("Contents", [("Key", "\u2603"), ("Owner", [("ID", "1")])]), ("Empty", [])],
    )
    assert body == (
        PROLOG + b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>a&amp;b</Name><Prefix/>'
        b"<Contents><Key>\xe2\x98\x83</Key><Owner><ID>1</ID></Owner></Contents><Empty/></ListBucketResult>"
    )
    assert document("A", [], namespace=False) == PROLOG + b"<A/>"
    assert document("A", "b<", namespace=False) == PROLOG + b"<A>b&lt;</A>"


tree = st.recursive(
    xml_text, lambda inner: st.lists(st.tuples(st.sampled_from("ABC"), inner), max_size=3), max_leaves=8
)


@given(st.lists(st.tuples(st.sampled_from("ABC"), tree), max_size=4))
def test_a_document_is_read_back(children):
    """Names, order, nesting and text of any tree survive."""

    def read(element):
        return [(child.tag, read(child) or child.text or "") for child in element]

    def plain(pairs):
        return [(name, plain(inner) if isinstance(inner, list) and inner else inner or "") for name, inner in pairs]

    assert read(ET.fromstring(document("R", children, namespace=False))) == plain(children)


@pytest.mark.parametrize(
    ("status", "code", "phrase"),
    [
        (503, "SlowDown", "Slow Down"),
        (503, "ServiceUnavailable", "Service Unavailable"),
        (503, None, "Service Unavailable"),
        (503, "Other", "Service Unavailable"),
        (429, "SlowDown", "Too Many Requests"),
        (404, "NoSuchKey", "Not Found"),
        (416, "InvalidRange", "Requested Range Not Satisfiable"),
        (200, None, "OK"),
        (499, None, "Unknown"),
    ],
)
def test_reason_phrases(status, code, phrase):
    """S3 says Slow Down in the status line; otherwise the phrase follows the status."""
    assert reason(status, code) == phrase
