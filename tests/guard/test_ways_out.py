"""The page of ways out says what happens, by trying each: nothing but a loopback store is there to be reached."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the clients of the table are an environment apart")

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "ways-out.md"
INVISIBLE = {("a subprocess", "Python -I, requests with a URL"), ("a subprocess", "curl in a shell script")}
"""No Python code of ours runs where these send from; the page of limitations has the way that works."""
SOURCE = Path(__file__).with_name("ways_out.py").read_text()


def tried(run, tmp_path) -> list[list[str]]:
    out = tmp_path / "outcomes"
    made = f"OUT = {str(out)!r}\n{SOURCE}\nexec(BODY, globals())\n"
    run(made, "-p", "no:warnings", subprocess=True)
    return [json.loads(line) for line in out.read_text().splitlines()]


def rows(text: str) -> dict[tuple[str, str], str]:
    found = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (served|refused|not seen) \|", text, re.MULTILINE)
    return {(way, client): outcome for way, client, outcome in found}


def test_the_page_says_what_happens(run, tmp_path):
    """With S3ERRORS_PAGES=1 it is written anew; a client that is not installed keeps its row."""
    outcomes = {(way, client): outcome for way, client, outcome, *_ in tried(run, tmp_path)}
    text = PAGE.read_text()
    if os.environ.get("S3ERRORS_PAGES"):
        head = text.partition("\n| way out |")[0].rstrip("\n") + "\n"
        known = rows(text) | outcomes
        table = "".join(f"| {way} | {client} | {outcome} |\n" for (way, client), outcome in known.items())
        PAGE.write_text(f"{head}\n| way out | client | outcome |\n|---|---|---|\n{table}")
        pytest.skip("written")
    page = rows(text)
    assert {way: outcome for way, outcome in outcomes.items() if page.get(way) != outcome} == {}
    assert {way for way, outcome in outcomes.items() if outcome not in {"served", "refused"}} <= INVISIBLE


def test_a_redirect_leads_to_the_simulated_s3(run):
    """Whatever the client came by: Amazon's name, an endpoint of its own, or the server's address."""
    run(
        """
import boto3, httpx, requests

CLIENTS = {
    "requests": lambda url: requests.put(url, data=b"x").status_code,
    "httpx": lambda url: httpx.put(url, content=b"x", follow_redirects=True).status_code,
}

@pytest.mark.s3_bucket("data")
@pytest.mark.s3_fail("redirect", status=307, times=1)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("url", ["https://data.s3.amazonaws.com/k", "{server}/data/k", "https://gw.invalid/data/k"])
def test_it(client, url, s3_server, s3_store, s3_errors):
    assert CLIENTS[client](url.replace("{server}", s3_server.url)) == 200
    assert s3_store.keys("data") == ["k"]
    assert [record.status for record in s3_errors.requests] == [307, 200]

@pytest.mark.s3_bucket("data")
@pytest.mark.s3_fail("redirect", times=1)
def test_boto3(s3_store, s3_errors):
    boto3.client("s3").put_object(Bucket="data", Key="k", Body=b"x")
    assert s3_store.keys("data") == ["k"]
    assert came == []
""",
        ini="s3_endpoints = gw.invalid",
    ).assert_outcomes(passed=7)
