"""The trace config: what each request met, told without a secret."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re

import aiohttp
import pytest
from loopback import Loopback, answer, error, hang_up, reset

from s3_asyncio_client import S3Client, S3Error, tracing
from s3_asyncio_client.retry import retry_with_exponential_backoff
from s3_asyncio_client.tracing import S3TraceEvent, s3_trace_config

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEBYaD-very-long"


def brief(events: list[S3TraceEvent]) -> list[tuple[object, ...]]:
    return [(event.kind, event.attempt, event.status, event.error) for event in events]


@contextlib.asynccontextmanager
async def traced(answers, **options):
    """A client of a server that gives *answers*, and the list of the client's events."""
    events: list[S3TraceEvent] = []
    config = s3_trace_config(**{"on_event": events.append, **options})
    async with Loopback(answers) as s3, s3.client(trace_configs=[config]) as client:
        yield client, events


async def put(client: S3Client, key: str = "k") -> None:
    await retry_with_exponential_backoff(lambda: client.put_object("data", key, b"1"), base_delay=0)


async def test_a_request_is_seen_from_begin_to_answer():
    """Kind by kind, with what S3 was asked and what it called the request."""
    async with traced([answer(x_amz_request_id="R1")]) as (client, events):
        await client.put_object("data", "a b", b"1")
    assert [event.kind for event in events] == ["request", "connection_created", "response"]
    assert {(event.operation, event.bucket, event.key) for event in events} == {("PutObject", "data", "a b")}
    last = events[-1]
    assert (last.method, last.url, last.status, last.request_id) == (
        "PUT",
        f"{client.endpoint_url}/data/a%20b",
        200,
        "R1",
    )
    assert last.reused is False
    assert last.elapsed_s >= 0


async def test_a_repetition_is_the_next_attempt_on_the_same_connection():
    """The retry shows as attempt 2, and the connection as one that had served before."""
    async with traced([error(503, "SlowDown"), answer(), answer()]) as (client, events):
        await put(client)
        await put(client)
    assert brief(events) == [
        ("request", 1, None, None),
        ("connection_created", 1, None, None),
        ("response", 1, 503, None),
        ("request", 2, None, None),
        ("connection_reused", 2, None, None),
        ("response", 2, 200, None),
        ("request", 1, None, None),
        ("connection_reused", 1, None, None),
        ("response", 1, 200, None),
    ]
    assert [event.reused for event in events if event.kind == "response"] == [False, True, True]


@pytest.mark.parametrize(
    ("fault", "name"), [(reset, "ClientOSError"), (hang_up, "ServerDisconnectedError")], ids=["reset", "hang_up"]
)
async def test_a_broken_connection_is_a_failed_attempt(fault, name):
    """What broke is named as aiohttp names it, and the next connection is a new one."""
    async with traced([fault, answer()]) as (client, events):
        await put(client)
    assert brief(events) == [
        ("request", 1, None, None),
        ("connection_created", 1, None, None),
        ("failure", 1, None, name),
        ("request", 2, None, None),
        ("connection_created", 2, None, None),
        ("response", 2, 200, None),
    ]


@pytest.mark.parametrize(("status", "attempt"), [(404, 1), (408, 2), (429, 2), (499, 1), (500, 2)])
async def test_an_answer_is_no_failure(status, attempt):
    """Asking again after a 404 is a new request; after a 5xx, a 408 or a 429 it is a repetition."""
    async with traced([error(status, "Some"), answer()]) as (client, events):
        with pytest.raises(S3Error):
            await client.put_object("data", "k", b"1")
        await client.put_object("data", "k", b"1")
    assert [event.attempt for event in events if event.kind == "request"] == [1, attempt]


async def test_other_targets_count_for_themselves():
    """A failure of one key is none of another's."""
    async with traced([error(503, "SlowDown"), answer(), answer()]) as (client, events):
        with pytest.raises(S3Error):
            await client.put_object("data", "a", b"1")
        await put(client, "b")
        await put(client, "a")
    assert [(event.key, event.attempt) for event in events if event.kind == "request"] == [("a", 1), ("b", 1), ("a", 2)]


@pytest.mark.parametrize(("others", "attempt"), [(1, 2), (2, 2), (3, 1)])
async def test_memory_stays_flat(monkeypatch, others, attempt):
    """Of the targets that failed only so many are remembered, the latest ones."""
    monkeypatch.setattr(tracing, "_MAX_REMEMBERED", 3)
    async with traced(lambda _: error(503, "SlowDown")) as (client, events):
        for key in ("k", *[f"other-{number}" for number in range(others)], "k"):
            with pytest.raises(S3Error):
                await client.put_object("data", key, b"1")
    assert events[-1].attempt == attempt


async def test_a_cancelled_request_is_a_failure():
    """A request that the caller gives up shows when it was given up."""
    answered = asyncio.Event()

    async def never(_):
        answered.set()
        await asyncio.Event().wait()

    async with traced(never) as (client, events):
        task = asyncio.create_task(client.get_object("data", "k"))
        await answered.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (events[-1].kind, events[-1].error) == ("failure", "CancelledError")


async def test_each_event_is_a_line_of_the_log(caplog):
    """A person reads the same as a program."""
    caplog.set_level(logging.DEBUG, "s3_asyncio_client")
    async with traced([error(503, "SlowDown", x_amz_request_id="R1"), reset, answer()]) as (client, _):
        await put(client)
    lines = [one.getMessage() for one in caplog.records if one.name == "s3_asyncio_client.requests"]
    put_k = f"PUT {client.endpoint_url}/data/k attempt"
    assert [re.sub(r"\d+\.\d{3} s", "N s", line) for line in lines] == [
        f"{put_k} 1: begins",
        f"{put_k} 1: opened a new connection after N s",
        f"{put_k} 1: 503 after N s, request R1",
        f"{put_k} 2: begins",
        f"{put_k} 2: reuses a connection after N s",
        f"{put_k} 2: ClientOSError after N s",
        f"{put_k} 3: begins",
        f"{put_k} 3: opened a new connection after N s",
        f"{put_k} 3: 200 after N s",
    ]


async def test_logger_and_level_can_be_chosen(caplog):
    """Whoever wants the lines elsewhere says where."""
    async with traced([answer()], logger=logging.getLogger("mine"), level=logging.WARNING) as (client, _):
        await put(client)
    assert {(one.name, one.levelname) for one in caplog.records} == {("mine", "WARNING")}


async def test_no_event_has_a_secret_in_it(caplog):
    """Neither a signed request nor a presigned one, in a session of one's own, leaves a secret behind."""
    caplog.set_level(logging.DEBUG, "s3_asyncio_client")
    config = s3_trace_config(on_event=(events := []).append)
    async with Loopback([error(403, "SignatureDoesNotMatch"), error(403, "AccessDenied"), reset, reset]) as s3:
        client = S3Client(
            "AKIAIOSFODNN7EXAMPLE", SECRET, endpoint_url=s3.url, session_token=TOKEN, trace_configs=[config]
        )
        async with client, aiohttp.ClientSession(trace_configs=[config]) as session:
            with pytest.raises(S3Error):
                await client.get_object("data", "k")
            url = client.generate_presigned_url("GET", "data", "k")
            async with session.get(url):
                pass
            with pytest.raises(aiohttp.ClientError):
                await session.put(url)  # sent twice: aiohttp's own session tries a new connection by itself
    shown = f"{events!r} {caplog.text} {[str(event) for event in events]}"
    assert {event.url for event in events if event.operation is None} == {url.partition("?")[0] + "?***"}
    for secret in ("AKIA", SECRET, TOKEN, "X-Amz-", url.rpartition("=")[2]):
        assert secret not in shown


async def test_a_watcher_that_fails_does_not_fail_the_request(caplog):
    """What `on_event` raises is logged by its class, and the request goes on."""

    def broken(event: S3TraceEvent) -> None:
        raise RuntimeError(SECRET)

    async with traced([answer()], on_event=broken) as (client, _):
        await put(client)
    assert caplog.messages == ["on_event raised RuntimeError"] * 3


@pytest.mark.parametrize("wrong", [s3_trace_config(), [None], ["debug"]])
def test_what_is_no_list_of_trace_configs_is_refused(wrong):
    """The slip shows where the client is made."""
    with pytest.raises(TypeError, match="trace_configs must"):
        S3Client("access", "secret", trace_configs=wrong)
