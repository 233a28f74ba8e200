"""A file of rules, for a server without a test around it: the markers' names and checks, every mistake at once."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_file import rule_file_of
from pytest_s3errors._core.s3.store import S3Store

TOML = b"""
dialect = "minio"
[[slow]]
first_byte = 2.0
[[fail]]
what = "SlowDown"
times = 2
header = {Range = "bytes=5-*"}
[[fail]]
status = 500
[s3_outage]
duration = 45
[[script]]
outcomes = [503, "ok"]
[[bucket]]
name = "empty"
[[object]]
bucket = "data"
key = "k"
body = "text"
last_modified = 2026-01-31T12:00:00Z
[[credentials]]
access_key = "one"
secret_key = "1"
"""
JSON = {
    "dialect": "minio",
    "slow": [{"first_byte": 2.0}],
    "fail": [{"what": "SlowDown", "times": 2, "header": {"Range": "bytes=5-*"}}, {"status": 500}],
    "s3_outage": {"duration": 45},
    "script": [{"outcomes": [503, "ok"]}],
    "bucket": {"name": "empty"},
    "object": {"bucket": "data", "key": "k", "body": "text", "last_modified": "2026-01-31T12:00:00Z"},
    "credentials": {"access_key": "one", "secret_key": "1"},
}


@pytest.mark.parametrize("content", [TOML, json.dumps(JSON).encode()], ids=["toml", "json"])
def test_says_what_the_markers_say(content):
    """Rules in the order of the file, what exists, who is known, the kind of store."""
    file = rule_file_of(content, source="rules")
    assert [rule.spelling for rule in file.rules] == [
        "s3_slow(first_byte=2.0)",
        "s3_fail('SlowDown', times=2, header={'Range': 'bytes=5-*'})",
        "s3_fail(status=500)",
        "s3_outage(45)",
        "s3_script(503, 'ok')",
    ]
    assert (file.accounts, file.dialect) == (((("one", "1"), {}),), "minio")
    store = S3Store(now=lambda: datetime.now(UTC))
    for arrange in file.arrange.values():
        arrange(store)
    stored = store.get("data", "k")
    assert (store.buckets, stored.body, stored.last_modified.year) == (["data", "empty"], b"text", 2026)


def test_an_empty_file_says_nothing():
    """Nor does one of comments alone."""
    assert rule_file_of(b"# nothing yet\n", source="rules").rules == ()


WRONG = {
    '[[fale]]\nwhat = "SlowDown"': "fale 1: there is no such name; did you mean 'fail'?; allowed are fail,",
    '[[fail]]\nwhat = "SlowDwn"': "fail 1: s3_fail: 'SlowDwn' is neither an S3 error code nor a network fault; did",
    "[[fail]]\nstatus = 500\ntime = 2": "s3_fail() has no option 'time'; did you mean 'times'?",
    '[[fail]]\nstatus = 500\nlayer = "mock"': "layer= is about tests",
    '[[fail]]\nwhat = "tls_failure"': "s3_fail('tls_failure'): this server speaks no TLS; the nearest is",
    '[[script]]\noutcomes = "ok"': 'outcomes is a list such as [503, "SlowDown", "ok"], not \'ok\'',
    "[[script]]\noutcomes = []": "needs at least one outcome",
    "[[outage]]\nstart = 3": "outage 1: it needs duration, in seconds, such as 45",
    "[[slow]]": "s3_slow() says what is slow",
    "slow = 3": "slow: allowed is a table of options, such as first_byte = 2.0, not 3",
    "[[expect]]\nattempts = 3": "expect 1: it is about a test, and a server has none; allowed are fail",
    '[[bucket]]\nname = "A B"': "S3 has no bucket named 'A B'",
    '[[object]]\nbucket = "data"': "s3_object(bucket='data') needs key",
    '[[object]]\nbucket = "data"\nkey = "k"\nlast_modified = "now"': "write 2026-01-31T12:00:00Z",
    '[[object]]\nbucket = "data"\nkey = "k"\nlast_modified = 3': "last_modified is a datetime, not int",
    '[[object]]\nbucket = "data"\nkey = "k"\nmetadata = "m"': "metadata is a mapping, not str",
    '[[credentials]]\naccess_key = "one"': "takes an access key and a secret key together",
    'dialect = "mino"': "s3_dialect: 'mino' is not one of aws, minio, r2, b2; did you mean 'minio'?",
    "[[fail": "rules is neither TOML nor JSON: Expected",
    '{"fail": ': "rules is neither TOML nor JSON: Expecting value",
    "[1]": "rules: 1: there is no such name; allowed are fail",
    "\udcff": "rules is neither TOML nor JSON",
    'dialect = ["minio", "r2"]': "s3_dialect: ['minio', 'r2'] is not one of aws, minio, r2, b2",
    '{"fail": [{"what": 503}], "fail": []}': "rules is neither TOML nor JSON: 'fail' comes twice",
    '{"a":' * 30_000: "rules is neither TOML nor JSON: maximum recursion depth exceeded",
    "a = " + "[" * 30_000: "rules is neither TOML nor JSON: maximum recursion depth exceeded",
}


def test_a_byte_order_mark():
    """Editors on Windows write one."""
    assert len(rule_file_of(b"\xef\xbb\xbf[[fail]]\nwhat = 503", source="rules").rules) == 1


@pytest.mark.parametrize("content", WRONG, ids=lambda content: content[:20])
def test_a_mistake(content):
    """Says where it is, what came and what is allowed."""
    with pytest.raises(RuleError, match=re.escape(WRONG[content])):
        rule_file_of(content.encode("utf-8", "surrogateescape"), source="rules")


def test_every_mistake_is_told_at_once():
    """A line each."""
    parts = [part for part in WRONG if part.startswith("[[") and "]]" in part]
    with pytest.raises(RuleError) as caught:
        rule_file_of("\n".join(parts).encode(), source="rules")
    assert len(str(caught.value).splitlines()) == len(parts)


def test_two_secrets_of_one_key():
    """Each account is fine by itself."""
    one = '[[credentials]]\naccess_key = "one"\nsecret_key = "{}"\n'
    with pytest.raises(RuleError, match="comes twice, with different secrets"):
        rule_file_of((one.format(1) + one.format(2)).encode(), source="rules")
