"""The journal in few bytes: every field comes back, however many requests there are."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.report.packed import Journal
from pytest_s3errors._core.rules.faults import Fault
from pytest_s3errors._core.rules.schedule import ArmedRule, Firing, Rule
from pytest_s3errors._core.s3.calls import parse_call

MANY = 600  # More than stay as they are.
FAULTS = Fault(kind="error"), Fault(kind="stall")
RULES = [ArmedRule(Rule(outcomes=FAULTS, spelling=spelling)) for spelling in ("one", "two")]
HOST = "s3.us-east-1.amazonaws.com"
KEYS = st.sampled_from(
    ["/b/k", "/b/k%20k", "/b", "/", "/other/k", "/b/k?partNumber=1&uploadId=u", "/b?prefix=k", "/b/k?X-Amz-Signature=a"]
)
COUNTS = st.integers(0, 2**60)
HEADERS = st.dictionaries(
    st.sampled_from(["range", "authorization", "amz-sdk-invocation-id", "x-amz-meta-a"]),
    st.text(max_size=5),
    max_size=3,
)


def firings(*faults: Fault | None) -> st.SearchStrategy[Firing | None]:
    return st.none() | st.builds(Firing, st.sampled_from(RULES), st.sampled_from(faults), st.integers(1, 10**6))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Any request that is over."""
    method = draw(st.sampled_from(["GET", "PUT"]))
    call = parse_call(method=method, target=draw(KEYS), host=HOST, headers=draw(HEADERS))
    made = Entry(call, draw(firings(*FAULTS, None)), draw(st.floats(0, 1e9)))
    made.slowing = draw(firings(None))
    made.heard = draw(st.booleans())
    made.status, made.error_code = draw(st.sampled_from([(200, None), (503, "SlowDown"), (None, None)]))
    made.ended_s, made.begun, made.ended = (
        draw(st.floats(0, 1e9)),
        draw(st.integers(0, 2**60)),
        draw(st.integers(0, 2**60)),
    )
    made.body_size, made.answer_size, made.answer_whole = (draw(COUNTS) for _ in range(3))
    return made


def fields(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in Entry.__slots__}


@given(st.lists(entries(), min_size=1, max_size=20))
def test_every_field_comes_back(some):
    """Among hundreds of others; in the order in which they came."""
    journal, came = Journal(), [some[at % len(some)] for at in range(MANY)]
    for entry in came:
        journal.append(entry)
    assert len(journal) == MANY
    read = journal.entries()
    assert [fields(entry) for entry in read] == [fields(entry) for entry in came]
    assert [entry.record() for entry in read] == [entry.record() for entry in came]
    assert all(entry.firing is None or entry.firing.rule in RULES for entry in read)
    assert sum(entry is other for entry, other in zip(read, came, strict=True)) < MANY // 2


@pytest.mark.parametrize("hanging", [1, MANY])
def test_a_request_that_is_not_over_stays_as_it_is(hanging):
    """What a layer still writes into it is in the journal, whether one client hangs or all do."""
    journal = Journal()
    came = [Entry(parse_call(method="GET", target="/b/k", host=HOST, headers={}), None, at) for at in range(MANY)]
    for at, entry in enumerate(came):
        entry.ended_s, entry.ended = (None, None) if at < hanging else (at, at)
        journal.append(entry)
    came[0].status = 418
    assert journal.entries()[0] is came[0]
    assert [entry.started_s for entry in journal.entries()] == list(range(MANY))


def test_a_request_that_cannot_be_packed_stays_as_it_is():
    """A header may be text of any type."""

    class Text(str):
        __slots__ = ()

    journal = Journal()
    for at in range(MANY):
        call = parse_call(method="GET", target="/b/k", host=HOST, headers={"range": Text("bytes=0-1")})
        entry = Entry(call, None, at)
        entry.ended_s = entry.ended = at
        journal.append(entry)
    assert [entry.started_s for entry in journal.entries()] == list(range(MANY))


SIGNED = "AWS4-HMAC-SHA256 Credential=AKID/20260501/us-east-1/s3/aws4_request, SignedHeaders=host, Signature="


def like_botocore(number: int) -> dict[str, str]:
    """The headers of a PutObject of boto3: most are the same each time, some never are."""
    digest = f"{number:08x}"
    return {
        "host": HOST,
        "user-agent": "Boto3/1.43 md/Botocore#1.43 ua/2.1 os/linux#6.1 lang/python#3.11",
        "content-type": "binary/octet-stream",
        "content-length": "1024",
        "expect": "100-continue",
        "x-amz-checksum-crc32": digest,
        "x-amz-content-sha256": digest * 8,
        "x-amz-date": "20260501T120000Z",
        "authorization": SIGNED + digest * 8,
        "amz-sdk-invocation-id": f"{digest}-0000-0000-0000-000000000000",
        "amz-sdk-request": "attempt=1",
        "x-amz-sdk-checksum-algorithm": "CRC32",
    }  # fmt: skip


@pytest.fixture
def judge():
    """Trace every allocation: as slow as a judge, and left out of the fast lane like one."""
    tracemalloc.start()
    yield tracemalloc
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("target", "headers", "most"),
    [("/b/key", {}, 250), ("/b/key-{}", {}, 400), ("/b/key", like_botocore, 400), ("/b/key-{}", like_botocore, 400)],
)
def test_a_request_takes_few_bytes(judge, target, headers, most):
    """One that repeats an earlier one, one with a new key, one with a new key, digest, id and signature."""
    count, journal = 8_000, Journal()
    before, _ = judge.get_traced_memory()
    for at in range(count):
        sent = headers(at) if callable(headers) else {}
        call = parse_call(method="PUT", target=target.format(at), host=HOST, headers=sent)
        entry = Entry(call, Firing(RULES[0], RULES[0].rule.outcomes[0], at + 1), at / 7)
        entry.ended_s, entry.begun, entry.ended, entry.status = at / 7, 2 * at, 2 * at + 1, 503
        journal.append(entry)
    after, _ = judge.get_traced_memory()
    assert (after - before) / count <= most
