"""Each parser takes anything: it gives a value, or raises the error that it is documented to raise."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_s3errors._core.play.http1 import BadRequest, RequestParser, parse_head
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.s3 import answer
from pytest_s3errors._core.s3.aws_chunked import FRAMING_ERRORS, unframe
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.form import FormError, parse_form
from pytest_s3errors._core.s3.messages import ErrorReply, Response
from pytest_s3errors._core.s3.payload import DIGESTED
from pytest_s3errors._core.s3.times import parse_basic_date, parse_http_date

from .drive import DECLARED, S3
from .material import DOCUMENTS, ENTITIES, FORM, HEADERS, PARAMETERS, RARE_HEADERS, VALUES, md5_of, post_of

unhurried = settings(deadline=None)
values = st.sampled_from([value.decode("latin-1") for value in VALUES]) | st.text(
    st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30
)
headers = st.dictionaries(st.sampled_from(HEADERS + RARE_HEADERS), values, max_size=6)
pieces = st.sampled_from([*DOCUMENTS.values(), *ENTITIES, FORM, *VALUES, b"\r\n", b"5\r\nabcde\r\n", b"0\r\n"])
bodies = st.lists(pieces | st.binary(max_size=20), max_size=5).map(b"".join)


@unhurried
@given(st.lists(st.sampled_from([b"GET / HTTP/1.1\r\n", b"A: b\r\n", b"\r\n", b"1\r\na\r\n"]) | st.binary(max_size=20)))
def test_requests(arriving):
    """A parser of requests that refused once is of no more use; until then every event is a head or a body."""
    parser = RequestParser()
    with contextlib.suppress(BadRequest):
        for data in arriving:
            parser.receive(data)
            while parser.next_event() is not None:
                pass


@unhurried
@given(st.text(st.characters(max_codepoint=255)))
def test_heads(text):
    """BadRequest, or a head whose names are in lower case."""
    with contextlib.suppress(BadRequest):
        assert all(name == name.lower() for name in parse_head(text).headers)


@unhurried
@given(bodies)
def test_framed_bodies(body):
    """One of the framing's errors, or a body no longer than what came."""
    with contextlib.suppress(*FRAMING_ERRORS):
        assert len(unframe(body).body) < len(body)


@unhurried
@given(values, bodies)
def test_forms(content_type, body):
    """FormError, or a form."""
    with contextlib.suppress(FormError):
        parse_form(content_type, body)


@pytest.mark.parametrize("parse", [parse_http_date, parse_basic_date])
def test_times(parse):
    """None, or a moment with a time zone."""
    moments = [parse(value.decode("latin-1")) for value in VALUES]
    assert all(moment is None or moment.tzinfo is not None for moment in moments)
    assert any(moments)


@unhurried
@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"]),
    path=st.sampled_from(["/", "/bucket", "/bucket/key"]) | values,
    query=st.lists(st.tuples(st.sampled_from(PARAMETERS), values), max_size=4),
    headers=headers,
    body=bodies,
    declared=st.booleans(),
)
def test_every_call_has_an_answer(method, path, query, headers, body, declared):
    """Whatever is asked with whatever body, S3's model answers, and says no in S3's words."""
    target = path + "?" + "&".join(f"{name}={value}" for name, value in query)
    call = parse_call(method=method, target=target, headers=headers)
    if call.operation in DIGESTED and "content-md5" not in headers:  # then no document would be read
        call = replace(call, headers={**call.headers, "content-md5": md5_of(body)})
    access = {"access": DECLARED} if declared else {}
    reply = answer(S3().simulator.store, call, body, new_id=lambda: "id", **access)
    assert isinstance(reply, Response | ErrorReply)


@pytest.mark.parametrize("start", ENTITIES)
def test_a_fault_reads_documents_as_the_model_does(start):
    """What the model calls MalformedXML is that under partial_delete too, and is not read any further."""
    document = start + DOCUMENTS["delete"]
    sent = post_of(document)
    failing = S3()
    failing.simulator.add(fail_rule(("partial_delete",), {}))
    failing.simulator.armed = True
    refused = [b"<Code>MalformedXML</Code>" in s3.talk([sent]) for s3 in (S3(), failing)]
    assert failing.left() == ""
    assert refused[0] == refused[1]
