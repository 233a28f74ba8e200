"""Logging and debugging: a marker, a call and an assertion, at both layers with the same outcome."""

from __future__ import annotations

import json

import pytest

from s3_asyncio_client import S3AccessDeniedError, S3NotFoundError, S3ServerError, retry_with_exponential_backoff
from s3_asyncio_client.context import S3ErrorContext, debug_s3_operation, logged_s3_operation
from s3_asyncio_client.tracing import s3_trace_config


@pytest.fixture(
    autouse=True,
    params=[
        pytest.param("client", marks=pytest.mark.s3_layer("client")),
        pytest.param("wire", marks=pytest.mark.s3_layer("wire")),
    ],
)
def layer(request):
    return request.param


@pytest.mark.s3_fail("SlowDown", times=1)
async def test_a_failure_is_logged_with_its_context(s3_client, caplog):
    """The line has S3's code and request id, and the client's endpoint."""
    with pytest.raises(S3ServerError) as caught:
        await debug_s3_operation(s3_client, "upload", lambda: s3_client.put_object("data", "a", b"1"), "data", "a")
    context = json.loads(caplog.messages[0])
    assert context["exception"]["error_code"] == "SlowDown"
    assert context["exception"]["request_id"] == caught.value.request_id
    assert (context["bucket"], context["client"]["endpoint_url"]) == ("data", s3_client.endpoint_url)


@pytest.mark.s3_fail("AccessDenied", times=1)
async def test_a_call_logs_how_it_ended(s3_client, caplog):
    """One line, at the level that a refusal deserves."""
    with pytest.raises(S3AccessDeniedError):
        await logged_s3_operation(s3_client, "upload", lambda: s3_client.put_object("data", "a", b"1"))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "S3AccessDeniedError: AccessDenied (403): Access Denied" in caplog.text


@pytest.mark.s3_fail("InternalError", times=4)
async def test_the_record_counts_the_attempts(s3_client):
    """Four attempts failed, and the record says so."""
    with pytest.raises(S3ServerError) as caught:
        await retry_with_exponential_backoff(lambda: s3_client.get_object("data", "a"), base_delay=0)
    assert S3ErrorContext.collect_context("read", "data", "a", caught.value)["exception"]["attempts"] == 4


@pytest.mark.s3_fail("SignatureDoesNotMatch", times=1)
async def test_no_key_of_the_client_is_logged(s3_client, caplog):
    """S3 echoes the key id in this error; the log has neither it nor the secret."""
    with pytest.raises(S3AccessDeniedError):
        await debug_s3_operation(s3_client, "read", lambda: s3_client.get_object("data", "a"), "data", "a")
    assert caplog.messages
    assert not any(secret in caplog.text for secret in (s3_client.access_key, s3_client.secret_key))


@pytest.mark.s3_bucket("data")
@pytest.mark.s3_fail("connection_reset", times=1)
async def test_the_trace_shows_the_repetition(s3_client, layer):
    """On the wire there are two attempts to see; the `client` layer has no wire, and the same outcome."""
    events = []
    async with type(s3_client)(
        s3_client.access_key, s3_client.secret_key, trace_configs=[s3_trace_config(on_event=events.append)]
    ) as client:
        with pytest.raises(S3NotFoundError):
            await retry_with_exponential_backoff(lambda: client.get_object("data", "a"), base_delay=0)
    seen = [(event.kind, event.attempt) for event in events if event.kind in {"failure", "response"}]
    assert seen == ([("failure", 1), ("response", 2)] if layer == "wire" else [])
