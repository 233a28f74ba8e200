"""How clients try again: measured from outside, and held to specifications."""

from __future__ import annotations

import json
import re
import signal
import sys

import pytest

from pytest_s3errors.__main__ import main
from pytest_s3errors._insight.specifications import specification, specifications


def test_a_coroutine_is_measured_in_its_loop(run):
    """The client of this package makes one request."""
    run(
        """
        @pytest.mark.s3_object("b", "k", b"1")
        async def test_it(s3_retries, s3_client):
            profile = await s3_retries.measure(lambda: s3_client.get_object("b", "k"))
            profile.check("none")
            assert str(profile).splitlines()[-1].split() == ["fits", "best", "none"]
        """
    ).assert_outcomes(passed=1)


def test_what_is_done_when_an_answer_is_lost(run):
    """Each further call is made once; a call that writes is probed by itself, too."""
    run(
        """
        from s3_asyncio_client.multipart import create_multipart_upload

        async def test_it(s3_retries, s3_client, s3_store):
            again = retry_with_exponential_backoff
            profile = await s3_retries.measure(
                lambda: s3_client.put_object("b", "k", b"1"),
                conditional_write=lambda: again(lambda: s3_client.put_object("b", "new", b"1", if_none_match="*")),
                create=lambda: again(lambda: create_multipart_upload(s3_client, "b", "k")),
                samples=2,
            )
            lost = {name: (one.attempts, one.returned) for name, one in profile.lost.items()}
            assert lost == {
                "lost_write": (1, False), "lost_conditional_write": (2, False), "lost_create": (2, True)
            }
            assert s3_store.get("b", "new").body == b"1"
            assert len(s3_store.unfinished_uploads) == 2
            with pytest.raises(ValueError, match="the call for lost_create made no request to S3"):
                await s3_retries.measure(lambda: s3_client.list_objects("b"), create=lambda: 1, samples=1)
            with pytest.raises(pytest.fail.Exception, match="lost_create: wanted 1 attempt, saw 2 attempts, returned"):
                profile.check("none")
        """
    ).assert_outcomes(passed=1)


def test_a_project_holds_a_client_to_its_own_specification(run, pytester):
    """A tenacity loop with a deadline, for example; the waits are those of virtual time."""
    pytester.path.joinpath("ours.toml").write_text(
        """
        [patient]
        retried = ["500", "502", "503", "504", "509", "InternalError", "SlowDown", "ServiceUnavailable"]
        lasts_s = [25.0, 35.0]
        """
    )
    run(
        """
        import tenacity

        @pytest.mark.s3_object("b", "k", b"1")
        async def test_it(s3_retries, s3_client):
            @tenacity.retry(
                wait=tenacity.wait_fixed(5),
                stop=tenacity.stop_after_delay(30),
                retry=tenacity.retry_if_exception_type(S3ServerError),
                reraise=True,
            )
            async def get():
                return await s3_client.get_object("b", "k")

            profile = await s3_retries.measure(get, samples=2)
            profile.check("ours.toml:patient")
            with pytest.raises(pytest.fail.Exception, match="outlasts an outage of: wanted 60 to 90 s, saw 30.000"):
                profile.check("ours.toml:patient", patience=(60, 90))
        """
    ).assert_outcomes(passed=1)


def test_in_real_time_waits_are_less_exact(run):
    """As those of `s3_expect` are. Nothing waits an hour to see whether a quota refills."""
    run(
        """
        import requests
        from pytest_s3errors._core.insight.retry_profile import PROBES

        @pytest.mark.s3_time("real")
        @pytest.mark.s3_object("b", "k", b"1")
        def test_it(s3_retries):
            def get():
                requests.get("https://b.s3.amazonaws.com/k").raise_for_status()

            profile = s3_retries.measure(factory=lambda: get, samples=1, skip=PROBES.keys() - {"500", "SlowDown"})
            assert profile.retries == {}
            assert profile.slack_s == 0.05
        """
    ).assert_outcomes(passed=1)


def told_by_each(result, says):
    """Each test of the run has failed, with its own error."""
    result.assert_outcomes(failed=len(says))
    result.stdout.fnmatch_lines([line for n, said in enumerate(says) for line in (f"*__ test_{n} __*", f"E*{said}")])


NOT_MEASURED = [
    ("measure(lambda: 1)", "ValueError: the call made no request to S3"),
    ("measure(lambda: 1 / 0)", "ValueError: the call fails without a fault: ZeroDivisionError*"),
    ("measure()", "TypeError: measure() takes a call, or factory=*"),
    (
        "measure(b'the result')",
        "TypeError: s3_retries.measure() takes what makes the request*bytes can't be called",
    ),
    ("measure(asyncio.sleep(0))", "TypeError: s3_retries.measure() takes*coroutine can't be called"),
    ("measure(factory=lambda: None)", "TypeError: s3_retries.measure() takes*NoneType can't be called"),
    ("measure(factory=3)", "TypeError: s3_retries.measure() takes*int can't be called"),
    ("measure(print, write=b'x')", "TypeError: s3_retries.measure() takes*bytes can't be called"),
    ("measure(print, samples=0)", "*s3_retries.measure(samples=0): allowed is a whole number from 1 up"),
    ("measure(print, samples=2.5)", "*s3_retries.measure(samples=2.5): allowed is a whole number from 1 up"),
    ("measure(print, skip='500')", "ValueError: measure(skip=...) can't skip '500'; it can skip 502, 503*"),
    ("measure(print, skip=['stal', 4])", "ValueError: measure(skip=...) can't skip 'stal', 4; it can skip*"),
]


def test_what_can_not_be_measured_is_told(run):
    """Before anything is measured, and without an error of ours behind it."""
    calls, says = zip(*NOT_MEASURED, strict=True)
    result = run("".join(f"def test_{n}(s3_retries): s3_retries.{call}\n" for n, call in enumerate(calls)))
    told_by_each(result, says)
    result.stdout.no_fnmatch_line("*no running event loop*")


NOT_HELD_TO = [
    ("'nobody'", "ValueError: there is no specification 'nobody'; there are none, *one of your own is path*"),
    ("None", "ValueError: there is no specification None*"),
    ("'none', patience=5", "*check(patience=5): allowed is a pair of seconds, low and high"),
    ("'none', patience=(60, 5)", "*check(patience=(60, 5)): the first number is the lower one"),
    ("'none', attempts=0", "*check(attempts=0): allowed is a whole number from 1 up"),
    ("'none', attempts='3'", "*check(attempts='3'): allowed is a whole number from 1 up"),
]


def test_what_a_client_can_not_be_held_to(run):
    """The message says what is allowed."""
    checks, says = zip(*NOT_HELD_TO, strict=True)
    source = """
@pytest.mark.s3_object("b", "k", b"1")
async def test_{number}(s3_retries, s3_client):
    profile = await s3_retries.measure(lambda: s3_client.get_object("b", "k"), samples=1, skip="stall")
    profile.check({check})
"""
    told_by_each(run("".join(source.format(number=n, check=check) for n, check in enumerate(checks))), says)


def test_a_project_adds_its_own_specification(tmp_path):
    """In a file; a name that is not there is told with those that are."""
    path = tmp_path / "ours.toml"
    path.write_text('[patient]\nattempts = 9\nretried = ["500"]\n')
    assert specification(f"{path}:patient").attempts == 9
    with pytest.raises(ValueError, match="there is no specification 'other'; there are patient"):
        specification(f"{path}:other")
    path.write_text('\ufeff[patient]\nattempts = 3\nretried = ["500"]\n', encoding="utf-8")  # as Windows writes it
    assert specification(f"{path}:patient").attempts == 3  # the file as it is now
    path.write_text("[patient")
    with pytest.raises(ValueError, match=r"ours\.toml: .* \(at end of document\)"):
        specification(f"{path}:patient")
    assert list(specifications()) == ["none", "legacy", "aws-standard-2.0", "aws-standard-2.1", "google"]


# No client: some hundred of these are started, and each module takes as long to import as Python to start.
PROGRAM = """
import _socket, sys
host, _, path = sys.argv[1].removeprefix("http://").partition("/")
name, port = host.split(":")
for attempt in range(int(sys.argv[2])):
    server = _socket.socket()
    try:
        server.connect((name, int(port)))
        server.sendall(f"GET /{path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n".encode())
        head, _, body = b"".join(iter(lambda: server.recv(65536), b"")).partition(b"\\r\\n\\r\\n")
    except OSError:
        continue
    finally:
        server.close()
    if head.startswith(b"HTTP/1.1 200 ") and f"content-length: {len(body)}".encode() in head.lower():
        sys.exit(0)
sys.exit(1)
"""


@pytest.mark.parametrize(
    ("attempts", "name", "status", "says"),
    [
        ("1", "none", 0, "none: ok"),
        ("2", "none", 1, "differs: 500: wanted 1 attempt, saw 2 attempts"),
        ("0", "none", 2, "the call fails without a fault: RuntimeError: the program ends with exit status 1"),
        ("1", "unknown", 2, "not measured: there is no specification 'unknown'"),
    ],
)
def test_a_program_is_measured_by_its_requests(capfd, attempts, name, status, says):
    """In any language; the exit status says how it went."""
    program = [sys.executable, "-S", "-c", PROGRAM, "{url}/{bucket}/{key}", attempts]
    assert main(["retries", "--check", name, "--", *program]) == status
    told = capfd.readouterr()
    assert says in told.out + told.err


def test_a_program_that_writes_is_probed_for_lost_answers(capfd, monkeypatch):
    """A bar tells how far it is where somebody looks; JSON goes out alone."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    program = PROGRAM.replace("GET", "PUT").replace(": close", ": close\\r\\nContent-Length: 0")
    command = [sys.executable, "-S", "-c", program, "{url}/{bucket}/{key}", "2"]
    assert main(["retries", "--json", "--attempts", "2", "--check", "none", "--", *command]) == 1
    told = capfd.readouterr()
    values = json.loads(told.out)
    assert values["lost"]["lost_write"] == {"attempts": 2, "returned": True}
    assert (values["attempts"]["500"], values["attempts"]["dns"], values["attempts"]["stall"]) == (2, None, None)
    assert values["retries"] == {"transient": None, "throttling": None, "timeout": None}
    assert re.search(r"\[#+ +\] \d+/\d+ x_amz_retry_after_1500", told.err)
    assert re.search(r"\[#{30}\] (\d+)/\1 +\n", told.err)
    assert "none: differs" in told.err


def test_patience_alone_can_be_asked_for(capfd):
    """Without a specification. One that nothing can hold is told at once."""
    program = [sys.executable, "-S", "-c", PROGRAM, "{url}/{bucket}/{key}", "1"]
    assert main(["retries", "--patience", "5", "60", "--", *program]) == 1
    assert "differs: outlasts an outage of: wanted 5 to 60 s, saw 0.000 to 0.000 s" in capfd.readouterr().out
    assert main(["retries", "--patience", "60", "5", "--", *program]) == 2
    assert main(["retries", "--check", "none", "--attempts", "0", "--", *program]) == 2


@pytest.fixture
def interruptible():
    """A process that a shell has started in the background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (["/nowhere/program"], "not measured: [Errno 2] No such file or directory"),
        ([sys.executable, "-S", "-c", ""], "not measured: the call made no request to S3\nThe call is the program;"),
        ([sys.executable, "-S", "-c", "import os; os.kill(os.getppid(), 2)"], "not measured: interrupted\n"),
        ([sys.executable, "-S", "-c", "raise SystemExit(3)"], "the program ends with exit status 3\n"),
        ([sys.executable, "-S", "-c", "import os; os.kill(os.getpid(), 9)"], "the program ends with signal 9\n"),
    ],
)
@pytest.mark.usefixtures("interruptible")
def test_a_program_that_can_not_be_measured_is_told(capfd, program, says):
    """With exit status 2, and how a program finds the server."""
    assert main(["retries", "--", *program]) == 2
    assert says in capfd.readouterr().err


def test_a_program_has_the_environment_of_a_test(monkeypatch, capfd):
    """A session token of the user would be refused, and a proxy can't reach the server."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the user's")
    monkeypatch.setenv("NO_PROXY", "theirs.example")
    program = "import os, sys; sys.exit(f\"{os.environ.get('AWS_SESSION_TOKEN')} {os.environ['NO_PROXY']}\")"
    assert main(["retries", "--", sys.executable, "-S", "-c", program]) == 2
    assert "None theirs.example,127.0.0.1,localhost\n" in capfd.readouterr().err
