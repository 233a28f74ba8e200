"""The sweep's own sabotage: a writer that does all right has no finding, and each way to do one thing wrong has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = {
    "write": """
        @pytest.mark.s3_object("bucket", "key", b"old")
        async def test_it(s3_client):
            await Writer(s3_client).write(BODY)
        """,
    "write_long": """
        async def test_it(s3_client):
            await Writer(s3_client).write(LONG)
        """,
    "write_if_absent": """
        @pytest.mark.s3_object("bucket", "key", b"old")
        async def test_it(s3_client):
            await Writer(s3_client).write_if_absent(b"new")
        """,
    "delete": """
        @pytest.mark.s3_object("bucket", "a", b"1")
        @pytest.mark.s3_object("bucket", "b", b"2")
        async def test_it(s3_client, s3_store):
            await Writer(s3_client).delete("a", "b")
            assert s3_store.keys("bucket") == []
        """,
    "read": """
        @pytest.mark.s3_object("bucket", "key", b"some text")
        async def test_it(s3_client):
            assert await Writer(s3_client).read() == b"some text"
        """,
}
BOTO3 = """
import io
import boto3
from boto3.s3.transfer import TransferConfig

CONFIG = TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20)

def upload(client, body):
    try:
        client.upload_fileobj(io.BytesIO(body), "bucket", "key", Config=CONFIG)
    finally:
        for one in client.list_multipart_uploads(Bucket="bucket").get("Uploads", []):
            client.abort_multipart_upload(Bucket="bucket", Key="key", UploadId=one["UploadId"])

@pytest.mark.s3_bucket("bucket")
@pytest.mark.s3_sweep(["lost_response", "AccessDenied", "InternalError"], modes="once", budget=300)
def test_it(s3_store):
    upload(boto3.client("s3"), b"a" * (5 * 2**20) + b"end")
    assert s3_store.get("bucket", "key").size == 5 * 2**20 + 3
"""


@pytest.fixture
def swept(run, pytester):
    """Sweep one of TESTS with a writer, at the layer without sockets, and return what pytest said."""
    pytester.makepyfile(sweep_writers=(Path(__file__).parent / "sweep_writers.py").read_text())

    def swept(test: str, writer: str, arguments: str = "", *options: str, layer: str = "client") -> pytest.RunResult:
        lines = ["import sweep_writers", "from sweep_writers import BODY, LONG", f"Writer = sweep_writers.{writer}", ""]
        lines += [f"pytestmark = [pytest.mark.s3_sweep({arguments}), pytest.mark.s3_layer({layer!r})]"]
        return run("\n".join(lines) + "\n" + _flush(TESTS[test]), "-v", *options)

    return swept


def _flush(text: str) -> str:
    return "\n".join(line[8:] for line in text.splitlines())


@pytest.mark.parametrize("test", [test for test in TESTS if test != "write_long"])
def test_a_writer_that_does_all_right_has_no_finding(swept, test):
    """In `full`, with nothing allowed; and it is swept at all."""
    result = swept(test, "Writer", "budget=300", "--s3-sweep=full")
    result.assert_outcomes(passed=1)
    (runs,) = re.findall(r": (\d+) runs with a fault: .* survived$", result.stdout.str(), re.MULTILINE)
    assert int(runs) >= 20


def test_nor_has_a_correct_one_on_boto3(run):
    pytest.importorskip("boto3")
    run(BOTO3, "-v").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("test", "mutant", "arguments", "verdict"),
    [
        ("write", "NoAbort", 'operation="UploadPart", faults="AccessDenied"', "leak at UploadPart"),
        (
            "write",
            "AbortNotRetried",
            'faults=["AccessDenied", "InternalError"], operation=["UploadPart", "AbortMultipartUpload"], depth=2',
            "leak at UploadPart, then AbortMultipartUpload",
        ),
        ("write", "LostCreateNotReconciled", 'faults="lost_response"', "leak at CreateMultipartUpload"),
        ("write", "BufferNotRewound", 'operation="UploadPart", faults="InternalError"', "torn at UploadPart"),
        ("write", "CompletesAfterAFailedPart", 'operation="UploadPart", faults="AccessDenied"', "torn at UploadPart"),
        ("write_long", "PartOrderWrong", 'operation="UploadPart", faults="InternalError"', "torn at UploadPart"),
        ("write_if_absent", "AnyErrorReadAs404", "", "torn at HeadObject"),
        ("write", "RetriesWithoutBound", 'operation="UploadPart", faults="InternalError"', "storm at UploadPart"),
        ("write", "NoTimeout", 'operation="UploadPart", faults="stall", modes="once"', "hang at UploadPart"),
        ("read", "EtagAndLengthNotChecked", "", "silent at GetObject"),
        ("delete", "DeleteErrorsDropped", "", "silent at DeleteObjects"),
    ],
)
def test_each_mutant_is_found_by_the_verdict_that_should(swept, test, mutant, arguments, verdict):
    """The reference passes the same sweep."""
    swept(test, "Writer", arguments).assert_outcomes(passed=1)
    result = swept(test, mutant, arguments)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"1. {verdict}, by *"])


def test_a_completion_that_is_repeated_blindly_gives_up_what_is_there(swept):
    """The twelfth mutant. S3 answers a repeated completion as the first one, so no data is lost and no verdict fails.

    "gave up" tells that nobody looked at what is there. It fails no test, whatever `survive=` asks for.
    """
    arguments = 'faults="lost_response", operation="CompleteMultipartUpload", modes="always", survive="all"'
    right, blind = swept("write", "Writer", arguments), swept("write", "LostCompleteRepeatedBlindly", arguments)
    for result in (right, blind):
        result.assert_outcomes(passed=1)
    right.stdout.fnmatch_lines(["*runs with a fault: 3 survived"])
    blind.stdout.fnmatch_lines(["*gave up at CompleteMultipartUpload, by lost_response*"])
