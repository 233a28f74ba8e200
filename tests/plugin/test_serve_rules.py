"""The standalone server with a file of rules, for programs that know nothing of pytest, and its control URL."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pytest_s3errors.__main__ import main

PAGE = Path(__file__).parents[2] / "docs/howto/serve.md"
FROM_THE_PAGE = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]


@contextlib.contextmanager
def serving(rules, *options):
    """A server with *rules*, a file; yields its process, its URL and its control URL."""
    command = [sys.executable, "-m", "pytest_s3errors", "serve", "--rules", str(rules), "--seed", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            said = dict(line.strip().split("=", 1) for line in iter(process.stdout.readline, "S3ERRORS_SEED=0\n"))
            yield process, url, said["S3ERRORS_CONTROL_URL"]
        finally:
            process.kill()


def client(url, attempts=4, access_key="AKIAPYTESTS3ERRORS00", secret_key="not-a-secret/known-to-every-test"):
    """A boto3 client that tries so many times."""
    config = Config(retries={"total_max_attempts": attempts, "mode": "standard"}, s3={"addressing_style": "path"})
    keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config, **keys)


def ask(control, method, path, body=None, **headers):
    """Return status and body of one request to the control URL."""
    at = urlsplit(control)
    with contextlib.closing(http.client.HTTPConnection(at.hostname, at.port, timeout=30)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.fixture
def rules(tmp_path):
    """A file with the rules of the page."""
    path = tmp_path / "rules.toml"
    path.write_text(FROM_THE_PAGE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """URL and control URL of one server for many tests."""
    path = tmp_path_factory.mktemp("shared") / "rules.toml"
    path.write_text(FROM_THE_PAGE, encoding="utf-8")
    with serving(path) as (_, *urls):
        yield urls


@pytest.fixture
def url(shared):
    """Its URL, with the rules of the page and nothing else stored."""
    url, control = shared
    assert ask(control, "PUT", "/rules", FROM_THE_PAGE)[0] == 200
    assert ask(control, "POST", "/reset")[0] == 200
    return url


@pytest.fixture
def control(shared, url):
    """Its control URL."""
    return shared[1]


def test_a_boto3_program_under_the_rules_of_the_page(url, control):
    """Two throttled uploads, two broken downloads; journal and timeline say so, and a reset takes all of it back."""
    s3 = client(url)
    s3.put_object(Bucket="data", Key="new.txt", Body=b"new")
    body = s3.get_object(Bucket="data", Key="hello.txt")["Body"]
    with pytest.raises(Exception, match=r"IncompleteRead|Connection broken"):
        body.read()
    assert s3.get_object(Bucket="data", Key="hello.txt")["Body"].read() == b"hello"
    assert [(one["fired"], one["remaining"]) for one in json.loads(ask(control, "GET", "/rules")[1])] == [
        (2, 0),
        (3, 0),
    ]
    journal = json.loads(ask(control, "GET", "/journal")[1])
    assert [(one["operation"], one["status"], one["fault"]) for one in journal] == [
        ("PutObject", 503, None),
        ("PutObject", 503, None),
        ("PutObject", 200, None),
        ("GetObject", 503, None),
        ("GetObject", 200, "truncated_body"),
        ("GetObject", 200, None),
    ]
    status, timeline = ask(control, "GET", "/timeline")
    assert status == 200
    assert "PutObject data/new.txt" in timeline
    assert "[1] s3_fail('SlowDown', operation='PutObject', times=2)" in timeline
    assert ask(control, "POST", "/reset")[0] == 200
    assert json.loads(ask(control, "GET", "/journal")[1]) == []
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="data")["Contents"]] == ["hello.txt"]
    with pytest.raises(ClientError, match="SlowDown"):
        client(url, attempts=1).put_object(Bucket="data", Key="new.txt")


def test_a_program_that_knows_only_http(tmp_path):
    """JSON, no SDK: unsigned reads of what an ACL makes public fail by the rules as well."""
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({"script": {"outcomes": ["ok", 503, "html_body"], "method": "GET"}}), encoding="utf-8")
    with serving(rules, "--object-ownership", "ObjectWriter") as (_, url, _control):
        s3 = client(url)
        s3.create_bucket(Bucket="data")
        s3.put_object(Bucket="data", Key="k", Body=b"body", ACL="public-read")
        answers = [ask(url, "GET", "/data/k") for _ in range(4)]
        assert [status for status, _ in answers] == [200, 503, 503, 200]
        assert "<Code>ServiceUnavailable</Code>" in answers[1][1]
        assert "<html>" in answers[2][1]
        assert answers[3][1] == "body"


def test_other_rules_keep_what_is_stored(url, control):
    """By PUT; what the new file declares and was not there before is added, what was declared stays as it is now."""
    s3 = client(url)
    s3.put_object(Bucket="data", Key="hello.txt", Body=b"changed")
    more = '\n[[object]]\nbucket = "more"\nkey = "k"\n'
    status, told = ask(control, "PUT", "/rules", FROM_THE_PAGE.replace("times = 2", "times = 1") + more)
    assert status == 200
    assert [one["fired"] for one in json.loads(told)] == [0, 0]
    with pytest.raises(ClientError, match="SlowDown"):
        client(url, attempts=1).put_object(Bucket="data", Key="k")
    assert s3.get_object(Bucket="more", Key="k")["Body"].read() == b""
    assert ask(control, "PUT", "/rules", "")[1] == "[]\n"
    assert s3.get_object(Bucket="data", Key="hello.txt")["Body"].read() == b"changed"


def test_wrong_rules_change_nothing(control):
    """400, each mistake, and the old ones stay in force."""
    before = ask(control, "GET", "/rules")
    status, problems = ask(control, "PUT", "/rules", '[[fail]]\nwhat = "SlowDwn"\n[[fale]]')
    assert status == 400
    assert [line.partition(":")[0] for line in problems.splitlines()] == ["the body"] * 2
    assert "did you mean 'SlowDown'" in problems
    assert ask(control, "GET", "/rules") == before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_sighup_reads_the_file_again(rules):
    """Without a mistake it takes effect and keeps the store; with one it is told, and the server goes on."""
    with serving(rules) as (process, url, control):
        ask(control, "PUT", "/rules", "")
        client(url).put_object(Bucket="data", Key="kept", Body=b"kept")
        process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 30
        while ask(control, "GET", "/rules")[1] == "[]\n":
            assert time.monotonic() < until
        assert client(url).get_object(Bucket="data", Key="kept")["Body"].read() == b"kept"
        rules.write_text('[[fail]]\nwhat = "SlowDwn"', encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        assert "did you mean 'SlowDown'" in process.stderr.readline()
        assert len(json.loads(ask(control, "GET", "/rules")[1])) == 2


def test_accounts_of_the_file(tmp_path):
    """What the file declares is of its first account; those of the command line are known as well."""
    rules = tmp_path / "rules.toml"
    account = '[[credentials]]\naccess_key = "{0}"\nsecret_key = "{0}"\n'
    rules.write_text(account.format("one") + account.format("two") + '[[bucket]]\nname = "data"', encoding="utf-8")
    with serving(rules, "--access-key", "three", "--secret-key", "three", "--env") as (_, url, _said):
        owned = [len(client(url, 1, name, name).list_buckets()["Buckets"]) for name in ("one", "two", "three")]
        assert owned == [1, 0, 0]
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            client(url, 1).list_buckets()


@pytest.mark.parametrize("where", ["/", "/rules?x", "//rules"])
def test_an_unknown_path_says_what_there_is(control, where):
    """404, with every request that would have been answered."""
    status, text = ask(control, "GET", where)
    assert status == 404
    assert f"PUT {control}/rules" in text
    assert ask(control, "DELETE", "/rules")[0] == 405


def test_head_has_no_body(control):
    """The next answer of the connection begins where its head ends."""
    at = urlsplit(control)
    with contextlib.closing(http.client.HTTPConnection(at.hostname, at.port, timeout=30)) as connection:
        for method, status in (("HEAD", 405), ("GET", 200)):
            connection.request(method, "/journal")
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (status, method == "GET")


def test_web_pages_are_not_answered(control):
    """A page in a browser of this machine is told by its origin, or by a name that leads here."""
    port = urlsplit(control).port
    assert ask(control, "POST", "/reset", Origin="https://attacker.example")[0] == 403
    assert ask(control, "GET", "/journal", Host=f"attacker.example:{port}")[0] == 403
    assert ask(control, "GET", "/journal", Host=f"localhost:{port}")[0] == 200


def test_broken_requests_end_the_connection_only(control):
    """400 for what is no HTTP; the next client is served, and one that waits for 100 Continue too."""
    assert ask(control, "GET", "/rules", **{"Content-Length": "x"})[0] == 400
    assert ask(control, "PUT", "/rules", "", Expect="100-continue")[1] == "[]\n"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--rules", "no-such-file"], "no-such-file: No such file or directory"),
        (["--control-port", "1"], "--control-port and --seed belong to --rules FILE"),
        (["--seed", "1"], "--control-port and --seed belong to --rules FILE"),
        (["--control-port", "65536"], "--control-port 65536 is not from 0 to 65535"),
    ],
)
def test_a_wrong_option_is_named(options, complaint, capsys):
    """Exit status 2, and a line that says what is wrong."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", *options])
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_every_mistake_of_a_file_is_named(tmp_path, capsys):
    """Exit status 2 before anything is served."""
    path = tmp_path / "rules.toml"
    path.write_text("[[fail]]\nstatus = 500\ntime = 2\n[[bukket]]\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--rules", str(path)])
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "did you mean 'times'?" in told
    assert "did you mean 'bucket'?" in told


def test_the_same_seed_makes_the_same_failures(tmp_path):
    """Also after a reset, which begins the chances anew."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[[bucket]]\nname = "data"\n[[fail]]\nstatus = 500\nprobability = 0.5', encoding="utf-8")

    def failures(url):
        s3 = client(url, attempts=1)
        return [_fails(s3) for _ in range(20)]

    with serving(rules) as (_, url, control):
        first = failures(url)
        ask(control, "POST", "/reset")
        assert failures(url) == first
    with serving(rules) as (_, url, _control):
        assert failures(url) == first
    assert True in first
    assert False in first


def _fails(s3):
    try:
        s3.put_object(Bucket="data", Key="k")
    except ClientError:
        return True
    return False


def test_it_knows_nothing_of_pytest(tmp_path):
    """A program in another language needs no test framework to start its server."""
    (tmp_path / "rules.toml").write_text("", encoding="utf-8")
    script = (
        "import os, signal, sys, pytest_s3errors.__main__ as it\n"
        "signal.setitimer(signal.ITIMER_REAL, 1); signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), 15))\n"
        f"it.main(['serve', '--rules', {str(tmp_path / 'rules.toml')!r}])\n"
        "sys.exit(bool({'pytest', '_pytest', 'aiohttp'} & {*sys.modules}))\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, stdout=subprocess.DEVNULL).returncode == 0
