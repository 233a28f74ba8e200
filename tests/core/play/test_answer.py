"""What comes for one request: its framing judged by h11, its pace by its own figures."""

from __future__ import annotations

from types import SimpleNamespace

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.play.answer import answer_of, encode, fits, on_schedule, paced
from pytest_s3errors._core.play.exchange import Ending, Exchange, Ids
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.errors.envelope import reason
from pytest_s3errors._core.s3.messages import Response


def answered(response, method="GET", *, chunked=False, cut=None, ending=Ending.KEEP, **kwargs):
    """The answer that *response* becomes."""
    exchange = Exchange(answer=response, ids=Ids("ID", "HOST"), chunked=chunked, sent=cut, ending=ending)
    return answer_of(exchange, parse_call(method=method, target="/b/k", headers={}), now_s=0, **kwargs)


def sent(response, method, **kwargs):
    """The same as bytes."""
    answer = answered(response, method, **kwargs)
    head, tail = encode(answer)
    return head + bytes(answer.body) + tail


@given(
    status=st.sampled_from([200, 204, 206, 304, 404, 503]),
    body=st.binary(max_size=300),
    method=st.sampled_from(["GET", "HEAD", "PUT"]),
    chunked=st.booleans(),
)
def test_what_we_send_is_what_h11_reads(status, body, method, chunked):
    """Every answer is whole for a client we did not write."""
    if method == "HEAD" or status in (204, 304):
        body = b""
    answer = Response(status=status, headers={"x-amz-request-id": "ID"}, body=body)
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(sent(answer, method, chunked=chunked))
    response = client.next_event()
    assert isinstance(response, h11.Response)
    assert (response.status_code, response.reason) == (status, reason(status).encode())
    got = b""
    while isinstance(event := client.next_event(), h11.Data):
        got += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert got == body


@pytest.mark.parametrize("status", [204, 304, 404])
def test_head_tells_the_framing_that_a_body_would_have(status):
    """S3 names chunked framing in an error to HEAD; an answer that never has a body names none."""
    answer = Response(status=status)
    head = sent(answer, "HEAD", chunked=True)
    assert (b"\r\nTransfer-Encoding: chunked\r\n" in head) is (status == 404)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_cut_answer_still_promises_the_whole(chunked):
    """With `sent`, the framing speaks of all bytes and only some come."""
    answer = Response(status=200, body=b"x" * 40)
    data = sent(answer, "GET", chunked=chunked, cut=10)
    assert data.endswith(b"\r\n" + b"x" * 10)
    assert (b"\r\n28\r\n" in data) if chunked else (b"Content-Length: 40\r\n" in data)


@pytest.mark.parametrize(
    ("chunked", "cut", "whole"),
    [
        (False, None, True),
        (True, None, True),
        (False, 40, True),
        (True, 40, False),
        (False, 10, False),
    ],
)
def test_an_answer_knows_whether_it_comes_to_its_end(chunked, cut, whole):
    """All bytes of a sized body are the whole of it; one in chunks lacks its last line."""
    assert answered(Response(status=200, body=b"x" * 40), chunked=chunked, cut=cut).whole is whole


@pytest.mark.parametrize("status", [204, 304, 200])
def test_what_has_no_body_is_whole(status):
    """HEAD and an answer without framing have nothing to cut."""
    answer = answered(Response(status=status, length=40), "HEAD" if status == 200 else "GET", cut=3)
    assert (answer.whole, answer.body, answer.size) == (True, b"", 0)


@pytest.mark.parametrize(
    ("headers", "kwargs", "ending", "closes"),
    [
        ({}, {}, Ending.KEEP, 0),
        ({}, {"keep": False}, Ending.CLOSE, 0),
        ({}, {"whole": False}, Ending.CLOSE, 1),
        ({"Connection": "close"}, {}, Ending.CLOSE, 1),
        ({"Connection": "close"}, {"whole": False}, Ending.CLOSE, 1),
    ],
)
def test_who_closes_says_so(headers, kwargs, ending, closes):
    """A client that asked for the end is not told of it; one whose request was left unread is, once."""
    answer = answered(Response(status=503, headers=headers), **kwargs)
    assert answer.ending is ending
    assert [name for name, _ in answer.headers].count("Connection") == closes
    assert answered(Response(status=200), ending=Ending.HANG, keep=False).ending is Ending.HANG


def test_a_client_of_http_1_0_gets_no_chunks():
    """It could not read them: the length instead."""
    answer = answered(Response(status=200, body=b"abc"), chunked=True, chunks=False)
    assert (answer.chunked, answer.header("content-length"), answer.header("transfer-encoding")) == (False, "3", None)


@given(size=st.integers(0, 5000), rate=st.floats(0.5, 1e6))
def test_a_pace_is_kept(size, rate):
    """All bytes come, in the time that they take, in some hundred pieces and none later than a second after another."""
    came = list(paced(bytes(size), rate))
    assert b"".join(piece for _, piece in came) == bytes(size)
    assert sum(seconds for seconds, _ in came) == pytest.approx(size / rate)
    assert len(came) <= 201 or all(len(piece) == 1 for _, piece in came) or max(s for s, _ in came) > 0.5
    assert all(seconds <= max(1.0, 1 / rate) for seconds, _ in came)


@pytest.mark.parametrize(
    ("most", "late_s", "steps"),
    [
        (1, 0.0, [0.5, b"a", 0.5, b"b", 0.5, b"c", 0.5, b"d"]),
        (1, 1.2, [0.5, b"a", b"b", b"c", b"d"]),
        (9, 1.2, [0.5, b"a", b"bc", b"d"]),
        (2, 5.0, [0.5, b"a", b"bc", b"d"]),
    ],
)
def test_who_reads_late_is_not_later_for_the_rest(most, late_s, steps):
    """And gets at once what has come meanwhile, as far as one read takes it."""
    clock, seen = SimpleNamespace(now_s=1e9), []
    for step in on_schedule(b"abcd", 2.0, lambda: clock.now_s, most=most):
        seen.append(step)
        clock.now_s += step if isinstance(step, float) else late_s
    assert seen == steps
    assert list(on_schedule(b"abcd", None, lambda: clock.now_s)) == [b"abcd"]


@pytest.mark.parametrize(
    ("stop", "size", "whole"),
    [(None, 0, True), (0, 0, False), (0, 5, False), (4, 5, False), (5, 5, True), (6, 5, True)],
)
def test_a_request_is_read_whole_or_not(stop, size, whole):
    """What is not read at all is not read whole, even where there is nothing."""
    assert fits(stop, size) is whole
