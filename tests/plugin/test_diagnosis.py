"""Why no request came: each cause is named with its cure, and the cure makes the test pass."""

from __future__ import annotations

import pytest

BOTO3 = """
import boto3

def client():
    return boto3.client("s3", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
"""


def cured(run, source, cure, says, **kwargs):
    """The test without *cure* fails and *says* what to do; with it, it passes."""
    result = run(source.replace("CURE", ""), **kwargs)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*never fired.", "  It is at test_it.py:*", "  No request reached the simulated S3.", says]
    )
    result.stdout.no_fnmatch_line("*optional=True*")
    run(source.replace("CURE", cure), **kwargs).assert_outcomes(passed=1)


def test_moto(run):
    """mock_aws answers botocore before a request is made."""
    cured(
        run,
        BOTO3
        + """
from moto import mock_aws

@pytest.mark.s3_fail("SlowDown", times=1)
def test_it():
    with mock_aws(CURE):
        s3 = client()
        s3.create_bucket(Bucket="data")
        s3.put_object(Bucket="data", Key="k", Body=b"")
        boto3.client("sqs", "us-east-1").create_queue(QueueName="queue")
""",
        "config={'core': {'passthrough': {'services': ['s3']}}}",
        "*moto is used here, and may have answered: *mock_aws(config=*passthrough*services*",
    )


def test_responses(run):
    """It answers what requests sends."""
    cured(
        run,
        """
import re
import requests
import responses

@responses.activate
@pytest.mark.s3_fail("SlowDown", times=1)
def test_it():
    responses.add(responses.GET, "https://data.s3.us-east-1.amazonaws.com/k", status=503)
    CURE
    assert requests.get("https://data.s3.us-east-1.amazonaws.com/k").status_code == 503
""",
        "responses.reset(); responses.add_passthru(re.compile('https://.*amazonaws.com'))",
        "*responses is used here, and may have answered: *responses.add_passthru(re.compile('https://.*amazonaws.com')).*",
    )


def test_respx(run):
    """Its router can be handed over."""
    cured(
        run,
        """
import httpx
import respx

@pytest.mark.s3_fail("SlowDown", times=1)
def test_it(s3_errors):
    with respx.mock(assert_all_called=False) as router:
        router.get("https://other.example/").respond(200)
        CURE
        with httpx.Client() as client:
            try:
                assert client.get("https://data.s3.us-east-1.amazonaws.com/k").status_code == 503
            except respx.models.AllMockedAssertionError:
                pass
""",
        "s3_errors.mount(router)",
        "*respx is used here, and may have answered: *s3_errors.mount(router).*",
    )


def test_pytest_httpx(run):
    """Its fixture answers what httpx sends."""
    pytest.importorskip("pytest_httpx")
    cured(
        run,
        """
import httpx

pytest_plugins = ["pytest_httpx"]

CURE
@pytest.mark.s3_fail("SlowDown", times=1)
def test_it(httpx_mock, s3_errors):
    if not request_is_let_through():
        httpx_mock.add_response(status_code=503)
    assert httpx.get("https://data.s3.us-east-1.amazonaws.com/k").status_code == 503

def request_is_let_through():
    return any(mark.name == "httpx_mock" for mark in getattr(test_it, "pytestmark", ()))
""",
        "@pytest.mark.httpx_mock(should_mock=lambda request: 'amazonaws' not in request.url.host)",
        "*pytest_httpx is used here, and may have answered: httpx_mock answers *@pytest.mark.httpx_mock(should_mock=*",
    )


def test_vcr(run, tmp_path):
    """A cassette that was recorded before."""
    pytest.importorskip("vcr")
    source = """
def test_first_NAME(s3_errors):
    s3_errors.fail(503, times=1)
    with vcr.VCR(CURE).use_cassette(FOLDER + "/NAME"):
        requests.get("https://data.s3.us-east-1.amazonaws.com/k")

@pytest.mark.s3_fail("SlowDown", times=1)
def test_NAME():
    with vcr.VCR(CURE).use_cassette(FOLDER + "/NAME"):
        assert requests.get("https://data.s3.us-east-1.amazonaws.com/k").status_code == 503
"""
    cure = "before_record_request=lambda request: None if 'amazonaws' in request.host else request"
    both = source.replace("NAME", "red").replace("CURE", "") + source.replace("NAME", "cured").replace("CURE", cure)
    result = run(f"import requests\nimport vcr\nFOLDER = {str(tmp_path)!r}\n{both}", subprocess=True)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*___ test_red ___*"])
    result.stdout.fnmatch_lines(
        ["*vcr is used here, and may have answered: it plays a cassette.*vcr.VCR(before_record_*"]
    )


def test_a_cassette_of_the_whole_session(run, tmp_path):
    """It is on before a test begins, with classes of its own in place of the standard library's."""
    pytest.importorskip("vcr")
    run(
        f"""
import requests
import vcr

tape = vcr.VCR(cassette_library_dir={str(tmp_path)!r}, before_record_request=lambda request:
               None if "amazonaws" in request.host else request)

@pytest.fixture(scope="session", autouse=True)
def on():
    with tape.use_cassette("tape"):
        yield

@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.s3_fail("SlowDown", times=1)
def test_it(n):
    assert requests.get("https://data.s3.us-east-1.amazonaws.com/k").status_code == 503
""",
        subprocess=True,
    ).assert_outcomes(passed=2)


def test_another_mock_without_a_rule(run):
    """A test without rules fails for its own reasons; that nobody asked our S3 is told beside them."""
    source = BOTO3 + (
        """
from moto import mock_aws

@pytest.mark.s3_object("data", "k", b"body")
def test_it():
    with mock_aws(CURE):
        assert client().get_object(Bucket="data", Key="k")["Body"].read() == b"body"
"""
    )
    red = run(source.replace("CURE", ""))
    red.assert_outcomes(failed=1)
    red.stdout.fnmatch_lines(["*S3 hint*", "moto is used here, and may have answered: *passthrough*"])
    run(source.replace("CURE", "config={'core': {'passthrough': {'services': ['s3']}}}")).assert_outcomes(passed=1)


def test_a_failure_that_no_mock_has_to_do_with(run):
    """Nothing is told where nothing is likely."""
    run("import subprocess\n\ndef test_it(s3_store): assert False").stdout.no_fnmatch_line("*S3 hint*")


def test_a_client_of_its_own_sockets(run):
    """It is told by its name; the cure is the server's URL."""
    run(
        """
        pyarrow = type(pytest)("pyarrow")

        @pytest.mark.s3_fail("SlowDown", times=1)
        def test_it(): pass
        """
    ).stdout.fnmatch_lines(["*pyarrow brings its own sockets: *s3_server*endpoint_override=s3_server.url.*"])


def test_a_program_of_its_own(run):
    """By the environment, or, where it is given a URL, by the server's."""
    run(
        """
        import subprocess

        @pytest.mark.s3_fail("SlowDown", times=1)
        def test_it(): pass
        """
    ).stdout.fnmatch_lines(["*env={*s3_server.env}; one that is given a URL, as curl in a script, by s3_server.url*"])


def test_no_credentials(run):
    """The error of the body says it."""
    run(
        """
        class NoCredentialsError(Exception): pass

        @pytest.mark.s3_fail("SlowDown", times=1)
        def test_it():
            raise NoCredentialsError
        """
    ).stdout.fnmatch_lines(["*The client found no credentials*s3_environment = test*"])


def test_a_host_that_is_none_of_s3(run):
    """A store of one's own has to be named; then it is served."""
    source = """
import httpx

@pytest.mark.s3_fail("SlowDown", times=1)
def test_it():
    assert httpx.get("https://store.invalid/data/k").status_code == 503
"""
    red = run(source)
    red.assert_outcomes(failed=1)
    red.stdout.fnmatch_lines(["*The client could not connect: *none of S3's. *list it in the ini option s3_endpoints*"])
    run(source, ini="s3_endpoints = store.invalid").assert_outcomes(passed=1)


def test_a_listing_that_s3fs_keeps(run):
    """It is named where there is one, and the cure sends a request."""
    pytest.importorskip("s3fs")
    source = """
import s3fs

@pytest.fixture
def fs(s3_store):
    s3_store.put("data", "k", b"body")
    fs = s3fs.S3FileSystem()
    fs.ls("data")
    return fs

@pytest.mark.s3_fail("SlowDown", times=1)
def test_it(fs):
    CURE
    assert fs.ls("data") == ["data/k"]

@pytest.mark.s3_fail("SlowDown", times=1)
def test_unlike(): pass
"""
    red = run(source.replace("CURE", ""))
    red.assert_outcomes(failed=2)
    assert sum("s3fs may have answered from a listing" in line for line in red.outlines) == 1
    run(source.replace("CURE", "fs.invalidate_cache()")).assert_outcomes(passed=1, failed=1)


def test_an_async_test_that_nobody_ran(run):
    """The two lines of the ini file are told."""
    result = run(
        """
        @pytest.mark.s3_fail("SlowDown", times=1)
        async def test_it(): pass
        """,
        "-o",
        "asyncio_mode=strict",
    )
    result.stdout.fnmatch_lines(["*No plugin ran this async test*asyncio_mode = auto*"])


def test_a_stubber(run):
    """It is imported by the test alone."""
    run(
        """
        import boto3

        @pytest.mark.s3_fail(503)
        def test_it():
            from botocore.stub import Stubber

            s3 = boto3.client("s3")
            with Stubber(s3) as stubber:
                stubber.add_response("list_buckets", {})
                s3.list_buckets()
        """
    ).stdout.fnmatch_lines(["*botocore.stub is used here, and may have answered: a Stubber answers botocore*"])


@pytest.mark.parametrize(
    ("decorator", "arguments", "patch", "name"),
    [
        ("@mock.patch('boto3.client')", "client", "", "client"),
        (
            "",
            "monkeypatch",
            "monkeypatch.setattr('botocore.client.BaseClient._make_api_call', print)",
            "_make_api_call",
        ),
    ],
)
def test_a_mock_in_the_place_of_botocore(run, decorator, arguments, patch, name):
    """By a decorator, or by a fixture that lasts longer than the body."""
    run(
        f"""
        from unittest import mock
        import boto3

        @pytest.mark.s3_fail(503)
        {decorator}
        def test_it({arguments}):
            {patch}
            boto3.client("s3").list_buckets()
        """
    ).stdout.fnmatch_lines([f"*A mock replaces {name}, and may have answered. Leave it out of this test."])


def test_nothing_to_be_seen(run):
    """Then the likeliest is asked."""
    run("@pytest.mark.s3_fail(503)\ndef test_it(): pass").stdout.fnmatch_lines(
        ["*Does the test call the code that makes requests*"]
    )


def test_the_place_of_a_rule(run):
    """Of a marker, and of a call in the body."""
    result = run(
        """
        @pytest.mark.s3_fail("SlowDown")
        @pytest.mark.s3_fail("NoSuchKey", key="other")
        def test_marker(): pass

        def test_call(s3_errors):
            s3_errors.fail("SlowDown")
        """
    )
    result.stdout.fnmatch_lines(
        [
            "s3_fail('SlowDown') never fired.",
            "  It is at test_it.py:6.",
            "s3_fail('NoSuchKey', key='other') never fired.",
            "  It is at test_it.py:7.",
            "s3_errors.fail('SlowDown') never fired.",
            "  It is at test_it.py:11.",
        ]
    )


def test_only_missing_buckets(run):
    """A test that declares one bucket has no other."""
    source = BOTO3 + (
        """
@pytest.mark.s3_bucket("other")
def test_it():
    client().put_object(Bucket="data", Key="k", Body=b"")
"""
    )
    run(source).stdout.fnmatch_lines(
        ["*S3 hint*", "*declares its buckets ('other'), so no other exists: add @pytest.mark.s3_bucket(\"data\")."]
    )
    run(source.replace('"other")', '"other")\n@pytest.mark.s3_bucket("data")')).assert_outcomes(passed=1)


@pytest.mark.parametrize("args", [(), ("-q", "--no-header")])
def test_the_seed_is_shown_where_chance_took_part(run, args):
    """With the line that plays the test again."""
    result = run(
        """
        @pytest.mark.s3_fail("SlowDown", probability=0.5, optional=True)
        def test_chance(): assert False

        @pytest.mark.s3_fail("SlowDown", optional=True)
        def test_none(): assert False
        """,
        "--s3-seed=7",
        *args,
    )
    again = "Chance took part. The same again: pytest test_it.py::test_chance --s3-seed=7"
    assert [line for line in result.outlines if line.startswith("Chance")] == [again]


@pytest.mark.parametrize("layer", ["client", "mock"])
def test_a_layer_that_does_not_serve_the_client(run, layer):
    """It is the layer that is wrong, not the host."""
    source = BOTO3 + f'\n@pytest.mark.s3_layer("{layer}")\ndef test_it():\n    client().list_buckets()\n'
    result = run(source)
    result.stdout.fnmatch_lines([f"The layer '{layer}' serves few clients; wire serves this one: *s3_layer(\"wire\")."])
    result.stdout.no_fnmatch_line("*s3_passthrough*")
    run(source.replace(f'"{layer}"', '"wire"')).assert_outcomes(passed=1)
