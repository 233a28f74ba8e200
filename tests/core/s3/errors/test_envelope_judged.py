"""Botocore's own parser reads errors back as they were said."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.parsers import create_parser

from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.errors.catalogue import CODES, error_reply
from pytest_s3errors._core.s3.errors.envelope import render_error

SERVICE = botocore.session.get_session().get_service_model("s3")
IDS = {"request_id": "4442587FB7D0A2F9", "host_id": "aG9zdA=="}
PROLOG = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def call(method="GET", target="/bucket/key", **headers):
    return parse_call(method=method, target=target, headers={"host": "s3.us-east-1.amazonaws.com", **headers})


def parsed(response, operation="GetObject"):
    """What botocore makes of a response."""
    wire = {"status_code": response.status, "headers": dict(response.headers), "body": response.body}
    return create_parser("rest-xml").parse(wire, SERVICE.operation_model(operation).output_shape)


@pytest.mark.parametrize("code", CODES)
def test_botocore_reads_every_code_back(code):
    """Code, message, elements and both ids arrive in botocore as they were said."""
    reply = error_reply(code, call(target="/bucket/key?uploadId=u&versionId=v&partNumber=1", range="bytes=1-"))
    response = render_error(reply, call(), **IDS)
    assert response.status == CODES[code].status
    if code == "NotModified":
        assert response.body == b""
        return
    result = parsed(response)
    assert result["Error"] == {"Code": code, "Message": reply.message, **dict(reply.elements)}
    assert result["ResponseMetadata"]["RequestId"] == IDS["request_id"]
    assert result["ResponseMetadata"]["HostId"] == IDS["host_id"]


@pytest.mark.parametrize("operation", ["CopyObject", "UploadPartCopy", "CompleteMultipartUpload"])
def test_an_error_in_a_200_is_read_by_botocore(operation):
    """After prolog and white space stands an error that botocore's handler finds."""
    request = call("PUT")
    response = render_error(error_reply("InternalError", request, status=200), request, **IDS)
    assert response.status == 200
    assert response.body.startswith(PROLOG + b"   <Error><Code>InternalError</Code>")
    result = parsed(response.__class__(status=500, headers=response.headers, body=response.body), operation)
    assert result["Error"]["Code"] == "InternalError"


@pytest.mark.parametrize("code", ["NoSuchKey", "SlowDown", "PreconditionFailed"])
def test_botocore_reads_an_error_to_head(code):
    """Its code is the status: there is no body to read another from."""
    response = render_error(error_reply(code, call("HEAD")), call("HEAD"), **IDS)
    assert parsed(response, "HeadObject")["Error"]["Code"] == str(CODES[code].status)
