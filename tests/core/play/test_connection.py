"""A connection's life: every fault, on every kind of operation, in every framing, however the bytes are cut."""

from __future__ import annotations

import itertools
import re

import h11
import pytest

from pytest_s3errors._core.play.actions import Receive
from pytest_s3errors._core.play.connection import MARK, Connection, Limits, Settings
from pytest_s3errors._core.rules.faults import FAULTS
from pytest_s3errors._core.rules.parse_rule import slow_rule
from pytest_s3errors._core.s3.calls import parse_call

from .talk import BODY, Talk, request

DELETE = b"<Delete><Object><Key>key</Key></Object><Object><Key>other</Key></Object></Delete>"
OPERATIONS = {
    "GetObject": ("GET", "/bucket/key"),
    "HeadObject": ("HEAD", "/bucket/key"),
    "PutObject": ("PUT", "/bucket/key", b"hello"),
    "DeleteObject": ("DELETE", "/bucket/key"),
    "DeleteObjects": ("POST", "/bucket?delete", DELETE),
    "ListObjectsV2": ("GET", "/bucket?list-type=2"),
    "CreateMultipartUpload": ("POST", "/bucket/key?uploads"),
    "UploadPart": ("PUT", "/bucket/key?partNumber=1&uploadId=none", b"hello"),
}
FRAMINGS = ("length", "chunked", "continue", "1.0")
TAIL = request("GET", "/bucket/key")

# What a client sees of a fault that fires: how much of an answer (none, cut, whole, or what is no HTTP), and the end.
# "keep": unless the client, or the answer itself, says otherwise.
SEEN = {
    "connection_refused": ("none", "RST"),  # it has a connection, so it sees what is nearest
    "dns_failure": ("none", "RST"),
    "connect_timeout": ("none", "silence"),
    "connection_reset": ("none", "RST"),
    "disconnect": ("none", "FIN"),
    "stall": ("none", "silence"),
    "lost_response": ("none", "RST"),
    "truncated_body": ("cut", "FIN"),
    "reset_body": ("cut", "RST"),
    "stalled_body": ("cut", "silence"),
    "short_body": ("whole", "keep"),
    "slow_body": ("whole", "keep"),
    "corrupted_body": ("whole", "keep"),
    "malformed_xml": ("whole", "keep"),
    "empty_body": ("whole", "keep"),
    "html_body": ("whole", "keep"),
    "garbage": ("no HTTP", "FIN"),
    "error_in_200": ("whole", "keep"),
    "partial_delete": ("whole", "keep"),
    "redirect": ("whole", "keep"),
    "replaced_object": ("cut", "FIN"),
    "SlowDown": ("whole", "FIN"),
    "NoSuchKey": ("whole", "keep"),
}


def test_the_table_has_every_fault():
    """tls_failure aside, which can't show where there is no TLS."""
    assert {fault for fault in SEEN if fault.islower()} == set(FAULTS) - {"tls_failure"}


def read(sent: bytes, method: str, *, closed: bool) -> str:
    """How much of an answer to *method* a client that we did not write finds in *sent*."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("host", "h")]))
    client.send(h11.EndOfMessage())
    if not sent:
        return "none"
    try:
        client.receive_data(sent)
        if closed:
            client.receive_data(b"")
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                return "cut"
    except h11.RemoteProtocolError:
        return "cut" if sent.startswith(b"HTTP/1.1 ") else "no HTTP"
    return "whole"


@pytest.mark.parametrize("fault", SEEN)
def test_every_fault_shows_in_every_framing(fault):
    """The client sees as much as the table says; where the bytes are cut, and what follows them, plays no part."""
    for operation, framing in itertools.product(OPERATIONS, FRAMINGS):
        show(fault, operation, framing)


def show(fault, operation, framing):
    """Show one fault in one framing."""
    asked = request(*OPERATIONS[operation], framing=framing)
    talk = Talk(fault, times=1, optional=True).send(asked)
    fired = talk.simulator.schedule.rules[0].fired
    seen, ending = SEEN[fault] if fired else ("whole", "keep")
    call = parse_call(method=OPERATIONS[operation][0], target=OPERATIONS[operation][1], headers={})
    assert fired == (fault not in FAULTS or FAULTS[fault].applies_to(call))
    answer = talk.sent.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert read(answer, call.method, closed=talk.ending == "FIN") == seen
    closes = framing == "1.0" or b"\r\nConnection: close\r\n" in answer
    assert talk.ending == ("FIN" if ending == "keep" and closes else ending)
    if framing == "continue" and talk.sent == answer and answer.startswith(b"HTTP"):  # refused by its head
        assert closes
    assert (talk.simulator.entries[0].ended_s is None) == (ending == "silence")

    bytewise = Talk(fault, times=1, optional=True).send(*(asked[at : at + 1] for at in range(len(asked))))
    assert bytewise.said == talk.said

    tailed = Talk(fault, times=1, optional=True).send(asked + TAIL)
    assert tailed.sent.startswith(talk.sent)
    assert len(tailed.simulator.entries) == (2 if talk.ending == "keep" else 1)
    assert (len(tailed.sent) > len(talk.sent)) == (talk.ending == "keep")


def test_requests_are_answered_in_order_and_one_at_a_time():
    """What a client sends ahead waits for the answer before it, and begins after that."""
    talk = Talk("SlowDown", slow_rule((), {"first_byte": 2.0, "key": "key"}), times=1, after=9, optional=True)
    talk.send(request("GET", "/bucket/key") + request("GET", "/bucket/none") + request("DELETE", "/bucket/none"))
    assert re.findall(rb"HTTP/1.1 (\d+)", talk.sent) == [b"200", b"404", b"204"]
    assert talk.said[0] == 2.0
    assert [entry.started_s for entry in talk.simulator.entries] == [0, 2, 2]


def test_a_client_is_told_to_go_on_when_it_is_its_turn():
    """100 Continue comes between the answer before it and its own."""
    put = request("PUT", "/bucket/key", b"hello", "continue")
    talk = Talk().send(request("GET", "/bucket/key") + put[:-5])
    assert re.findall(rb"HTTP/1.1 (\d+)", talk.sent) == [b"200", b"100"]
    assert re.findall(rb"HTTP/1.1 (\d+)", talk.send(b"hello").sent) == [b"200", b"100", b"200"]


@pytest.mark.parametrize(("target", "status"), [("/bucket/key", b"100"), ("/nobucket/key", b"404")])
def test_s3_refuses_by_the_head_if_it_can(target, status):
    """A bucket that is not there needs no body: the answer comes instead of 100, and the body is not read."""
    talk = Talk().send(request("PUT", target, b"hello", "continue")[:-5])
    assert talk.sent.startswith(b"HTTP/1.1 " + status)
    assert talk.ending == ("keep" if status == b"100" else "FIN")


PUT, GET = request("PUT", "/bucket/key", b"hello"), request("GET", "/bucket/key")


@pytest.mark.parametrize(
    ("rule", "options", "sent", "statuses", "said"),
    [
        ("SlowDown", {"after": 9}, b"", [], ["FIN"]),
        ("SlowDown", {"after": 9}, GET[:9], [], ["FIN"]),
        ("SlowDown", {"after": 9}, PUT[:-1], [], ["FIN"]),
        ("SlowDown", {"after": 9}, GET, [b"200"], ["FIN"]),
        ("SlowDown", {"after": 9}, GET * 3, [b"200"] * 3, ["FIN"]),
        ("SlowDown", {"delay": 3}, GET, [], ["FIN"]),
        ("stall", {}, GET, [], ["FIN"]),
        ("stalled_body", {}, GET, [b"200"], ["FIN"]),
        ("slow_body", {"bytes_per_second": 1}, GET, [b"200"], ["FIN"]),
        ("connection_reset", {}, GET, [], ["RST"]),
    ],
)
def test_after_the_end_of_the_stream(rule, options, sent, statuses, said):
    """What can be answered at once is answered, and what takes time is not; no line of the journal stays open."""
    talk = Talk(rule, optional=True, **options)
    talk.connection.receive(sent or b"")
    talk.connection.receive(b"")
    talk.go_on()
    assert re.findall(rb"HTTP/1.1 (\d+)", talk.sent) == statuses
    assert [what for what in talk.said if not isinstance(what, bytes)] == said
    assert all(entry.ended_s is not None for entry in talk.simulator.entries)


def test_a_client_leaves_during_a_wait():
    """The connection closes at once, and the journal has the end; what it held for the client is gone."""
    talk = Talk("stall").send(GET)
    assert (talk.said, talk.connection.reads) == (["silence"], True)
    talk.now_s = 5.0
    talk.send(GET, b"")
    assert talk.said == ["silence", "FIN"]
    assert [(entry.started_s, entry.ended_s) for entry in talk.simulator.entries] == [(0, 5)]


@pytest.mark.parametrize(("left", "status"), [(False, 200), (True, None)])
def test_a_client_that_left_before_the_answer_gets_none(left, status):
    """S3 has the whole request and does its work; which answer it gives to nobody is not noted."""
    talk = Talk(left=left).send(request("PUT", "/bucket/key", b"new"))
    (entry,) = talk.simulator.entries
    assert (entry.status, entry.heard) == (status, not left)
    assert talk.simulator.store.get("bucket", "key").body == b"new"


@pytest.mark.parametrize("ahead", [-1, 0, 1])
def test_what_a_client_sends_ahead_has_a_limit(ahead):
    """While an answer is late, 16 KiB are taken, and no more of it once there is more than that."""
    talk = Talk(slow_rule((), {"first_byte": 1.0}))
    talk.connection.receive(GET)
    talk.at = talk.connection.next_action()
    talk.connection.receive(bytes(16 * 1024 + ahead))
    assert talk.connection.reads is (ahead < 1)
    assert talk.go_on().ending == "FIN"  # those were no request


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize(("at", "read"), [(0, 0), (3, 3), (4, 4), (5, 5), (6, 5), (0.5, None)])
def test_a_request_breaks_off_where_the_rule_says(framing, at, read):
    """S3 reads so many bytes of the body and no more, or all of a chunked one if it asks for a share."""
    asked = request("PUT", "/bucket/key", b"hello", framing)
    expected = read if read is not None else 2 if framing == "length" else 5
    whole = Talk("connection_reset", at=at).send(asked)
    bytewise = Talk("connection_reset", at=at).send(*(asked[n : n + 1] for n in range(len(asked))))
    for talk in (whole, bytewise):
        assert talk.said == ["RST"]
        assert talk.simulator.entries[0].body_size == expected


def test_an_early_answer_leaves_the_body_unread():
    """The answer comes after the head, says that it closes, and no byte of the body is counted."""
    talk = Talk("SlowDown", early=True, delay=1).send(PUT[:-5])
    assert talk.said[0] == 1
    assert b"\r\nConnection: close\r\n" in talk.sent
    assert (talk.ending, talk.connection.reads, talk.simulator.entries[0].body_size) == ("FIN", False, 0)


@pytest.mark.parametrize(("size", "status"), [(5 * 1024**3, None), (5 * 1024**3 + 1, b"400"), (10**17, b"400")])
def test_a_body_beyond_the_limit_is_refused_at_once(size, status):
    """By its length alone; at the limit the body is awaited."""
    talk = Talk().send(b"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
    assert re.findall(rb"HTTP/1.1 (\d+)", talk.sent) == ([status] if status else [])
    if status:
        assert b"<Code>EntityTooLarge</Code>" in talk.sent
        assert b"<ProposedSize>%d</ProposedSize>" % size in talk.sent
        assert talk.ending == "FIN"


@pytest.mark.parametrize("hosts", ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nhost: a\r\n"])
def test_one_host_is_needed(hosts):
    """None and two are 400, and the connection ends; HTTP/1.0 needs none."""
    talk = Talk().send(f"GET /bucket/key HTTP/1.1\r\n{hosts}\r\n".encode() + GET)
    assert talk.sent.startswith(b"HTTP/1.1 400 ")
    assert b"<Code>BadRequest</Code>" in talk.sent
    assert (talk.ending, talk.simulator.entries) == ("FIN", [])
    assert Talk().send(b"GET /bucket/key HTTP/1.0\r\n\r\n").sent.endswith(BODY)


@pytest.mark.parametrize("pieces", [[b"\x16\x03\x01\x02"], [b"\x16", b"\x03"]])
def test_a_tls_handshake_fails_the_test(pieces):
    """The client is cut off, and the test is told what to do."""
    talk = Talk().send(*pieces)
    assert talk.said == ["FIN"]
    assert "s3_server.url" in talk.simulator.problems[0]


def test_a_test_with_a_problem_is_served_no_more():
    """Its client has to dial again, which tells it."""
    talk = Talk()
    talk.simulator.problems.append("broken")
    assert talk.send(GET).said == ["FIN"]
    assert talk.simulator.entries == []


def test_a_mistake_of_ours_fails_the_test():
    """It is a problem of the test, with its traceback, and no fault of S3's."""
    talk = Talk()
    talk.simulator.answer = None
    assert talk.send(GET).said == ["FIN"]
    assert "TypeError" in talk.simulator.problems[0]


def test_a_promised_request_is_known_by_its_mark():
    """It was decided before it was sent; S3 does not see the mark."""
    talk = Talk("SlowDown", times=1)
    entry = talk.simulator.begin(parse_call(method="GET", target="/bucket/key", headers={}))
    talk.simulator.promise("request 1", entry)
    talk.send(request("GET", "/bucket/key", headers=[f"{MARK}: request 1"]))
    assert talk.simulator.entries == [entry]
    assert entry.status == 503
    assert MARK not in entry.call.headers


def test_an_answer_is_over_when_the_kernel_has_all_of_it():
    """Its end is written before it goes out; where it does not go out at once, the end is when it has."""
    talk = Talk()
    talk.connection.receive(GET)
    talk.connection.next_action()
    entry = talk.simulator.entries[0]
    assert entry.ended_s == 0
    talk.now_s = 3.0
    talk.connection.held_up()
    assert entry.ended_s is None
    talk.go_on()
    assert entry.ended_s == 3


def test_a_lost_connection_ends_what_was_promised_for_it():
    """The request that was to come over it will not."""
    talk = Talk()
    entry = talk.simulator.begin(parse_call(method="GET", target="/bucket/key", headers={}))
    talk.simulator.promise("mark", entry)
    talk.connection.lost()
    assert entry.ended_s == 0


# Real seconds: only the standalone server has limits.

LIMITS = Limits(idle_s=60, head_s=20)


def test_an_idle_connection_is_closed():
    """Between two requests, or before the first, without a word."""
    assert Talk(limits=LIMITS).at == Receive(60)
    assert Talk(limits=LIMITS).expire().said == ["FIN"]
    talk = Talk(limits=LIMITS).send(GET)
    assert talk.at == Receive(60)
    assert talk.expire().ending == "FIN"
    assert talk.now_s == 60


def test_a_head_has_its_time_in_all():
    """A byte now and then does not prolong it. S3 says that the time is over."""
    talk = Talk(limits=LIMITS).send(GET[:1])
    assert talk.at == Receive(20)
    talk.now_s = 15.0
    talk.send(GET[1:2])
    assert talk.at == Receive(5)
    assert b"<Code>RequestTimeout</Code>" in talk.expire().sent
    assert talk.said[1:] == ["FIN"]
    assert talk.now_s == 20


def test_the_time_of_a_head_starts_anew():
    """The second request of a connection has all of it."""
    talk = Talk(limits=LIMITS).send(GET[:1])
    talk.now_s = 15.0
    talk.send(GET[1:])
    talk.now_s = 30.0
    assert talk.send(GET[:5]).at == Receive(20)


def test_a_body_may_not_stop():
    """As long as more of it comes, it may take any time; then RequestTimeout, and the journal's line is closed."""
    talk = Talk(limits=LIMITS).send(PUT[:-4])
    talk.now_s = 50.0
    assert talk.send(PUT[-4:-3]).at == Receive(60)
    assert b"<Code>RequestTimeout</Code>" in talk.expire().sent
    assert talk.ending == "FIN"
    assert talk.simulator.entries[0].ended_s == 110


def test_an_answer_that_nobody_reads_is_dropped():
    """By RST: what is still to go out is of no use."""
    talk = Talk(limits=LIMITS)
    talk.connection.receive(GET)
    talk.at = talk.connection.next_action()
    talk.connection.held_up()
    assert talk.connection.patience_s == 60
    assert talk.expire().said == ["RST"]


def test_a_test_has_no_limits():
    """A client of a test may wait in test time for as long as it likes."""
    assert Talk().at == Receive(None)
    assert Connection(Settings(Talk().simulator, lambda: 0.0), "mark").patience_s is None
