"""Confirm findings without the sweep: the test runs outside pytest, on the standalone server, under the rule alone."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3

from .runs import Run

OUTSIDE = Path(__file__).with_name("outside.py")
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


class End(NamedTuple):
    """How a test ended, and what S3 then holds: bodies by key, and the number of unfinished uploads."""

    ended: str
    error: str
    held: dict[str, bytes]
    unfinished: int


def problem_of(file: Path, test: str, run: Run) -> str:
    """Return why the finding of *run*, of *test* in *file*, is not one under its rule alone; "" where it is."""
    objects = _objects(file, test)
    before = {one["key"]: one["body"].encode() for one in objects}
    well = played(file, test, {"object": objects})
    bad = played(file, test, {"object": objects, "fail": [eval(rule, {"s3_fail": _as_fail}) for rule in run.rules]})
    if well.ended != "returned":
        return f"without the rule it {well.ended}: {well.error}"
    neither = [key for key, body in bad.held.items() if body not in (before.get(key), well.held.get(key))]
    confirmed = {
        "silent": bad.ended == "assertion",
        "torn": bool(neither),
        "leak": bad.unfinished > well.unfinished,
    }
    if confirmed.get(run.verdict):
        return ""
    return f"it {bad.ended} {bad.error!r}; {sorted(bad.held)} with {bad.unfinished} unfinished uploads"


def played(file: Path, test: str, rules: dict[str, Any]) -> End:
    """Run *test* of *file* on a server of its own with *rules*."""
    with tempfile.TemporaryDirectory() as folder, _serving(rules, Path(folder)) as (url, control_url):
        copy = Path(folder, file.name)
        # minio reads no environment.
        at = f'"{url.removeprefix("http://")}", "key", "secret", secure=False'
        copy.write_text(file.read_text(encoding="utf-8").replace('"s3.amazonaws.com", "key", "secret"', at))
        region = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull}
        command = [sys.executable, "-W", "ignore", str(OUTSIDE), str(copy), test]
        done = subprocess.run(
            command, cwd=folder, env=os.environ | KEYS | region, stdout=subprocess.PIPE, text=True, check=True
        )
        urllib.request.urlopen(urllib.request.Request(f"{control_url}/rules", b"{}", method="PUT")).close()
        s3 = boto3.client(
            "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
        )
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket="data").get("Contents", [])]
        held = {key: s3.get_object(Bucket="data", Key=key)["Body"].read() for key in keys}
        unfinished = len(s3.list_multipart_uploads(Bucket="data").get("Uploads", []))
        return End(**json.loads(done.stdout), held=held, unfinished=unfinished)


@contextlib.contextmanager
def _serving(rules: dict[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    (folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    command = [sys.executable, "-m", "pytest_s3errors", "serve", "--rules", str(folder / "rules.json")]
    command += ["--access-key", "key", "--secret-key", "secret"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url, control_url = server.stdout.readline().strip(), server.stdout.readline().strip()
            yield url, control_url.removeprefix("S3ERRORS_CONTROL_URL=")
        finally:
            server.kill()


def _as_fail(what: str, **options: Any) -> dict[str, Any]:
    return {"what": what, **options}


def _objects(file: Path, test: str) -> list[dict[str, str]]:
    """Return the objects that the markers of *test* and of its module declare, as the file of rules takes them."""
    spec = importlib.util.spec_from_file_location("read", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    marks = [mark.mark for mark in getattr(module, "pytestmark", [])]
    marks += getattr(getattr(module, test), "pytestmark", [])
    names = ("bucket", "key", "body")
    return [
        dict(zip(names, (bucket, key, body.decode()), strict=True))
        for mark in marks
        if mark.name == "s3_object"
        for bucket, key, body in [mark.args]
    ]
