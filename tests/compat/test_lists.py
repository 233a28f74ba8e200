"""The lists that the suite is run by, which need no suite to be checked."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from .__main__ import HERE, WANTED, reasons, told, told_of_whole, whole_reasons
from .configuration import ACCOUNTS, configuration
from .select import select

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "compatibility.md"
SUITE = """
import pytest

def _read(client):
    return client.get_bucket_acl()

def _plain(client):
    return client.get_object()

def test_error(client):
    assert _get_status_and_error_code(_plain(client)) == (404, "NoSuchKey")

def test_core(client):
    assert _plain(client) is not None

@pytest.mark.fails_on_aws
def test_marked(client):
    assert client.get_object()

def test_other(client):
    assert _read(client)

def test_form(client):
    assert _get_status_and_error_code(client.post(hmac.new(b""))) == 403
"""


def test_the_rule_reads_markers_and_source(tmp_path):
    """Errors are told by the test's own body, other features by the helpers too, forms are no error tests."""
    for module in ("test_s3.py", "test_headers.py"):
        (tmp_path / module).write_text(SUITE)
    chosen = select(tmp_path)
    assert chosen.errors == ("test_s3.py::test_error", "test_headers.py::test_error")
    assert [name for name in chosen.core if "headers" in name] == [
        "test_headers.py::test_core",
        "test_headers.py::test_form",
    ]


@pytest.mark.parametrize("name", WANTED)
def test_lists_have_each_test_once(name):
    """A test counts once, in one list."""
    tests = (HERE / f"{name}.txt").read_text().split()
    others = {test for other in WANTED if other != name for test in (HERE / f"{other}.txt").read_text().split()}
    assert len(tests) == len(set(tests)) > 50
    assert not others & set(tests)


def test_what_is_unlike_s3_is_in_a_list_and_on_the_page():
    """Each test that is set aside is counted somewhere, and its reason can be read."""
    page = PAGE.read_text(encoding="utf-8")
    counted = {test for name in WANTED for test in (HERE / f"{name}.txt").read_text().split()}
    for test, reason in reasons().items():
        assert test in counted
        assert f"| `{test.partition('::')[2]}` | {reason} |" in page


def test_the_share_leaves_out_what_s3_does_not_pass(capsys):
    """A failure that S3 shares costs nothing, any other does."""
    unlike = next(iter(reasons()))
    assert told("errors", 1.0, {unlike: "failed", "other": ""})
    assert not told("errors", 0.6, {unlike: "", "one": "", "other": "failed"})
    assert "other: failed" in capsys.readouterr().out


def test_the_configuration_names_every_account():
    """Each section that the suite reads has the keys that the server is started with."""
    file = configparser.RawConfigParser()
    file.read_string(configuration("127.0.0.1", 80))
    assert {name: (file[name]["access_key"], file[name]["secret_key"]) for name in ACCOUNTS} == ACCOUNTS
    assert file.defaults()["port"] == "80"


def test_why_the_whole_suite_fails_is_on_the_page():
    """Each reason once, with what it holds for, and nobody is named in both files."""
    page = PAGE.read_text(encoding="utf-8")
    for pattern, reason in whole_reasons().items():
        assert f"| `{pattern}` | {reason} |" in page
    assert not {test.partition("::")[2] for test in reasons()} & whole_reasons().keys()


def test_a_failure_of_the_whole_suite_needs_a_reason(capsys):
    """Names of a kind are told by a pattern, in which a bracket is a bracket."""
    passing = {f"test_s3.py::test_{number}": "" for number in range(450)}
    assert not told_of_whole({"test_s3.py::test_0": ""})
    assert told_of_whole({**passing, "test_s3.py::test_cors_any": "failed"})
    assert told_of_whole({**passing, "test_s3.py::test_copy_part_enc[x-sse-c-STANDARD-STANDARD-8388608]": "failed"})
    assert not told_of_whole({**passing, "test_s3.py::test_other": "failed"})
    assert "(no reason known) test_s3.py::test_other: failed" in capsys.readouterr().out
