"""Records of errors, and calls that log themselves: complete, JSON-safe, and without a secret."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from unittest.mock import AsyncMock, Mock
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Loopback, error

from s3_asyncio_client import S3Client, S3ConnectionError, S3Error, S3NotFoundError, S3ServerError
from s3_asyncio_client._core.record import MAX_CHAIN, attempts_of, error_record, json_line, one_line, plain
from s3_asyncio_client.context import S3ErrorContext, debug_s3_operation, logged_s3_operation
from s3_asyncio_client.retry import retry_with_exponential_backoff

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEBYaD+very/long=="
ERROR = S3ServerError(
    "Reduce your rate.", 503, "SlowDown", request_id="R1", host_id="H1", retry_after=2.0, details={"Resource": "/b/k"}
)


def client(**options) -> S3Client:
    return S3Client(KEY_ID, SECRET, "eu-west-1", session_token=TOKEN, **options)


def collect(exception: BaseException, **arguments):
    given = {"operation": "PutObject", "bucket": "b", "key": "k", "client": None, **arguments}
    return S3ErrorContext.collect_context(exception=exception, **given)


def raised(exception: BaseException, cause: BaseException | None = None) -> BaseException:
    """*exception* with a traceback."""
    with pytest.raises(type(exception)) as caught:
        raise exception from cause
    return caught.value


def test_a_record_has_what_is_needed_later():
    """Operation, target, every attribute of the error, the client's place and the versions."""
    context = collect(raised(ERROR), client=client())
    assert (context["operation"], context["bucket"], context["key"]) == ("PutObject", "b", "k")
    known = {name: value for name, value in context["exception"].items() if name != "traceback"}
    assert known == {
        "type": "S3ServerError",
        "message": "SlowDown (503): Reduce your rate.",
        "status_code": 503,
        "error_code": "SlowDown",
        "request_id": "R1",
        "host_id": "H1",
        "retry_after": 2.0,
        "attempts": None,
        "details": {"Resource": "/b/k"},
        "notes": [],
        "chain": [],
    }
    assert "in raised\n" in context["exception"]["traceback"]
    assert context["client"] == {
        "type": "S3Client",
        "region": "eu-west-1",
        "endpoint_url": "https://s3.eu-west-1.amazonaws.com",
    }
    assert set(context["versions"]) == {"python", "s3_asyncio_client", "aiohttp"}


def test_the_time_is_now_in_utc():
    """The time stamp says which time zone it is in."""
    moment = datetime.fromisoformat(collect(ERROR)["timestamp"])
    assert moment.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - moment) < timedelta(seconds=10)


def test_without_a_client_there_is_none():
    """The shape of the record is the same for everybody."""
    assert collect(ERROR)["client"] is None


def test_a_wrapped_client_is_found():
    """The record of a pattern's object names the endpoint of the client inside."""
    wrapper = Mock(spec=["client"], client=client())
    assert collect(ERROR, client=wrapper)["client"]["region"] == "eu-west-1"


async def test_attempts_are_those_of_the_retry():
    """What the retry noted on the error is a number in the record."""
    with pytest.raises(S3ServerError) as caught:
        await retry_with_exponential_backoff(
            AsyncMock(side_effect=S3ServerError("down", 500)), max_retries=2, base_delay=0
        )
    assert collect(caught.value)["exception"]["attempts"] == 3


def test_the_chain_is_listed_nearest_first():
    """Causes, contexts that show, and the members of groups; each once."""
    first = raised(S3NotFoundError("gone", request_id="R2"), ValueError("why"))
    first.add_note("looked twice")
    second = raised(S3ConnectionError("away"))
    whole = raised(S3Error("no copy"), ExceptionGroup("both", [first, second, first]))
    chain = collect(whole)["exception"]["chain"]
    assert [(one["relation"], one["type"]) for one in chain] == [
        ("cause", "ExceptionGroup"),
        ("member", "S3NotFoundError"),
        ("member", "S3ConnectionError"),
        ("cause", "ValueError"),
    ]
    assert (chain[1]["status_code"], chain[1]["request_id"], chain[1]["notes"]) == (404, "R2", ["looked twice"])


@pytest.mark.parametrize(("suppressed", "listed"), [(False, 1), (True, 0)])
def test_a_context_shows_as_in_pythons_own_traceback(suppressed, listed):
    """`raise ... from None` hides what was being handled, here too."""
    outer = S3Error("outer")
    outer.__context__, outer.__suppress_context__ = ValueError("inner"), suppressed
    assert len(collect(outer)["exception"]["chain"]) == listed


@pytest.mark.parametrize(("length", "listed"), [(MAX_CHAIN - 1, MAX_CHAIN - 1), (MAX_CHAIN + 1, MAX_CHAIN)])
def test_a_long_chain_is_cut(length, listed):
    """A record stays of a size that can be logged."""
    error = S3Error("0")
    for number in range(length):
        error = raised(S3Error(str(number)), error)
    assert len(collect(error)["exception"]["chain"]) == listed


def test_a_ring_of_errors_ends():
    """Two errors that name each other as cause are listed once."""
    one, other = S3Error("one"), S3Error("other")
    one.__cause__, other.__cause__ = other, one
    assert [link["message"] for link in collect(one)["exception"]["chain"]] == ["other"]


class MuteError(Exception):
    """An error that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError


def test_an_error_that_cannot_be_printed_is_reported():
    """What goes wrong in `__str__` does not hide that there was an error."""
    assert collect(raised(MuteError()))["exception"]["message"] == "<no text: RuntimeError in __str__>"


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        (HTTPStatus.NOT_FOUND, 404),
        (float("nan"), "nan"),
        (b"raw", "b'raw'"),
        ({1: {2}}, {"1": [2]}),
        ((1, 2.5, None, True), [1, 2.5, None, True]),
    ],
)
def test_what_json_lacks_becomes_text(value, safe):
    """Attributes that were set by hand may be anything."""
    error = S3Error("x", value)
    assert json.loads(json_line(collect(error)))["exception"]["status_code"] == safe


def test_a_nest_without_end_is_cut():
    """A list inside itself does not hang the record."""
    ring: list[object] = []
    ring.append(ring)
    assert "..." in json_line(plain(ring))


@given(st.recursive(st.none() | st.text() | st.floats() | st.binary() | st.integers(), st.lists, max_leaves=5))
def test_any_error_makes_a_record(value):
    """Whatever is in an error, its record is one line of ASCII that JSON reads back."""
    error = S3Error("x", value, value)
    error.bucket = error.retry_after = value
    error.add_note(repr(value))
    line = json_line(collect(error, bucket=value))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["exception"]["type"] == "S3Error"


def test_the_context_is_logged_as_one_line_of_json(caplog):
    """A log reader gets the record back; the level and the logger can be chosen."""
    context = collect(S3Error("two\nlines"))
    S3ErrorContext.log_error_context(context)
    S3ErrorContext.log_error_context(context, logger=logging.getLogger("mine"), level=logging.INFO)
    assert [(one.name, one.levelname) for one in caplog.records] == [("s3_asyncio_client.errors", "ERROR")]
    assert "\n" not in caplog.messages[0]
    assert json.loads(caplog.messages[0]) == context


def test_a_record_made_by_hand_is_redacted_when_logged(caplog):
    """What did not come from `collect_context` is looked at too."""
    S3ErrorContext.log_error_context({"url": "https://h/k?X-Amz-Signature=abc"})
    assert caplog.messages == ['{"url": "https://h/k?***"}']


# Secrets


def leaky() -> S3Error:
    """An error that has the secrets in its text, its notes, its cause, its context and the cause's URL."""
    url = f"https://b.s3.amazonaws.com/k?X-Amz-Credential={KEY_ID}%2F2026&X-Amz-Signature=feedbeef01"
    url += f"&X-Amz-Security-Token={quote(TOKEN, safe='')}"
    innermost = raised(ValueError(f"headers {{'x-amz-security-token': '{TOKEN}', 'Authorization': 'AWS4 {SECRET}'}}"))
    cause = raised(aiohttp.InvalidURL(url, "no"), innermost)
    cause.add_note(f"{SECRET} was used for {url}")
    error = raised(S3ConnectionError(f"could not reach {url}", details={"Url": url}), cause)
    error.add_note(f"secret_key={SECRET}, token {TOKEN}")
    return error


def assert_no_secret(text: str) -> None:
    for secret in (KEY_ID, SECRET, TOKEN, "feedbeef01", quote(TOKEN, safe=""), json.dumps(SECRET)[1:-1]):
        assert secret not in text


async def failing_with(error: BaseException) -> None:
    raise error


async def test_no_output_has_a_secret_in_it(caplog, capsys):
    """Records, lines and everything that logging knows of them: message, arguments, exception info."""
    caplog.set_level(logging.DEBUG)
    async with client() as used:
        context = collect(leaky(), bucket=f"b?X-Amz-Signature=feedbeef01&x={SECRET}", client=used)
        S3ErrorContext.log_error_context(context)
        for call in (
            lambda: debug_s3_operation(used, f"Put with {SECRET}", lambda: failing_with(leaky()), "b", TOKEN),
            lambda: logged_s3_operation(used, f"Put with {SECRET}", lambda: failing_with(leaky())),
        ):
            with pytest.raises(S3ConnectionError):
                await call()
    assert len(caplog.records) == 4
    output = capsys.readouterr()
    assert_no_secret(f"{context!r} {caplog.text} {output.out} {output.err}")
    for record in caplog.records:
        assert_no_secret(repr(record.__dict__))
        assert record.exc_info is None


def test_the_search_for_secrets_can_fail():
    """The error of these tests does hold them: what Python itself prints is full of secrets."""
    shown = "".join(traceback.format_exception(leaky()))
    assert all(secret in shown for secret in (KEY_ID, SECRET, TOKEN, "feedbeef01"))


async def test_the_secrets_of_every_living_client_are_known():
    """A record that is made without its client hides that client's keys all the same."""
    async with client():
        assert_no_secret(json_line(collect(ValueError(f"sent {SECRET} as {KEY_ID} with {TOKEN}"))))


async def test_a_real_failure_makes_a_record_without_secrets(caplog):
    """S3 echoes what was signed; of all that nothing is in the log."""
    elements = f"<StringToSign>{SECRET}</StringToSign><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId>"
    async with Loopback([error(403, "SignatureDoesNotMatch", elements)]) as s3:
        async with client(endpoint_url=s3.url) as used:
            with pytest.raises(S3Error):
                await debug_s3_operation(used, "GetObject", lambda: used.get_object("b", "k"), "b", "k")
        assert SECRET not in s3.requests[0].headers["authorization"]
        signature = s3.requests[0].headers["authorization"].rpartition("=")[2]
    assert_no_secret(caplog.text)
    assert signature not in caplog.text
    assert json.loads(caplog.messages[0])["exception"]["error_code"] == "SignatureDoesNotMatch"


# debug_s3_operation and logged_s3_operation


@pytest.mark.parametrize("run", [debug_s3_operation, logged_s3_operation])
async def test_the_result_is_handed_on(run):
    """A call that succeeds returns what the operation returned."""
    assert await run(None, "Put", AsyncMock(return_value={"etag": "e"})) == {"etag": "e"}


@pytest.mark.parametrize("run", [debug_s3_operation, logged_s3_operation])
async def test_the_same_error_is_raised(run):
    """Whoever catches errors around the call notices no difference."""
    error = S3NotFoundError("gone")
    with pytest.raises(S3NotFoundError) as caught:
        await run(None, "Get", AsyncMock(side_effect=error))
    assert caught.value is error
    assert not hasattr(error, "__notes__")


@pytest.mark.parametrize("run", [debug_s3_operation, logged_s3_operation])
async def test_what_is_no_operation_is_refused(run):
    """A coroutine, or a function that returns no awaitable, is named as such."""
    with pytest.raises(TypeError, match="pass what makes it"):
        await run(None, "Get", failing_with(ERROR))
    with pytest.raises(TypeError, match="must return an awaitable, not int"):
        await run(None, "Get", lambda: 1)


async def test_debugging_logs_the_whole_context_of_a_failure_only(caplog):
    """One line of JSON for a failure, nothing for a success or a cancellation."""
    await debug_s3_operation(None, "Get", AsyncMock(), "b", "k")
    with pytest.raises(asyncio.CancelledError):
        await debug_s3_operation(None, "Get", AsyncMock(side_effect=asyncio.CancelledError), "b", "k")
    assert caplog.messages == []
    with pytest.raises(S3ServerError):
        await debug_s3_operation(client(), "Get", AsyncMock(side_effect=ERROR), "b", "k")
    context = json.loads(caplog.messages[0])
    assert (context["operation"], context["bucket"], context["key"]) == ("Get", "b", "k")
    assert (context["exception"]["request_id"], context["client"]["region"]) == ("R1", "eu-west-1")


@pytest.mark.parametrize(
    ("outcome", "level", "line"),
    [
        ({}, "INFO", "Get completed in 0.250s"),
        (S3NotFoundError("gone"), "INFO", "Get failed after 0.250s: S3NotFoundError: NoSuchKey (404): gone"),
        (S3Error("a\nb"), "ERROR", "Get failed after 0.250s: S3Error: a b"),
        (ERROR, "ERROR", "Get failed after 0.250s: S3ServerError: SlowDown (503): Reduce your rate., request R1"),
        (ValueError("x"), "ERROR", "Get failed after 0.250s: ValueError: x"),
        (asyncio.CancelledError(), "INFO", "Get was cancelled after 0.250s"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_begin_and_end_are_logged(caplog, monkeypatch, outcome, level, line):
    """One line when it begins and one when it ends, with the seconds it took; the level tells how bad it is."""
    caplog.set_level(logging.DEBUG, "s3_asyncio_client")
    times = iter([1.0, 1.25])
    loop = Mock(time=lambda: next(times))
    monkeypatch.setattr("s3_asyncio_client.context.asyncio.get_running_loop", lambda: loop)
    call = logged_s3_operation(client(), "Get", AsyncMock(side_effect=[outcome]))
    if isinstance(outcome, BaseException):
        with pytest.raises(type(outcome)):
            await call
    else:
        await call
    assert [(one.name, one.levelname, one.getMessage()) for one in caplog.records] == [
        ("s3_asyncio_client.operations", "DEBUG", "Starting Get at https://s3.eu-west-1.amazonaws.com"),
        ("s3_asyncio_client.operations", level, line),
    ]


async def test_an_access_denied_is_a_warning(caplog):
    """The request was wrong, S3 is well: neither an error of the service nor an everyday answer."""
    with pytest.raises(S3Error):
        await logged_s3_operation(None, "Get", AsyncMock(side_effect=S3Error.__subclasses__()[0]("no", 403)))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("name", ["Get\nERROR forged", "Get\r\x1b[31m\u2028ERROR forged"])
async def test_a_name_can_not_forge_a_line(caplog, name):
    """Line breaks and control characters in what came from outside become spaces."""
    caplog.set_level(logging.INFO, "s3_asyncio_client")
    await logged_s3_operation(None, name, AsyncMock())
    assert caplog.messages[0].isprintable()
    assert caplog.messages[0].startswith("Get ")


def test_attempts_are_read_from_the_last_note():
    """An error that went through two retries tells of the outer one; other notes say nothing."""
    error = S3Error("x")
    assert attempts_of(error) is None
    for note in ("gave up after 2 attempts", "gave up after 4 attempts", "and now?"):
        error.add_note(note)
    assert attempts_of(error) == 4
    assert error_record(error)["attempts"] == 4


def test_one_line_keeps_the_words():
    """Only white space and what cannot be printed is touched."""
    assert one_line(" a\tb\n\nc é ") == "a b c é"
