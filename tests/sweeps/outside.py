"""Play one test without pytest, on the S3 at AWS_ENDPOINT_URL: ``python outside.py FILE TEST``.

It prints how the test ended, as JSON: {"ended": "returned", "raised" or "assertion", "error": text}.
"""

import asyncio
import importlib.util
import inspect
import json
import os
import sys
from types import SimpleNamespace

import boto3


class Store:
    """What the tests ask of `s3_store`, by requests."""

    def __init__(self):
        self._s3 = boto3.client("s3")

    def keys(self, bucket):
        return [one["Key"] for one in self._s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def exists(self, bucket, key):
        return key in self.keys(bucket)

    def get(self, bucket, key):
        body = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return SimpleNamespace(body=body, size=len(body))


def play(file, name):
    """Run the test *name* of *file*; return how it ended."""
    spec = importlib.util.spec_from_file_location("played", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    test = getattr(module, name)
    given = {
        fixture: Store() if fixture == "s3_store" else inspect.unwrap(getattr(module, fixture))()
        for fixture in inspect.signature(test).parameters
    }
    try:
        result = test(**given)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    except AssertionError as error:
        return "assertion", str(error)
    except Exception as error:  # noqa: BLE001 - what clients raise has no class in common
        return "raised", f"{type(error).__name__}: {error}"
    return "returned", ""


if __name__ == "__main__":
    ended, error = play(*sys.argv[1:])
    print(json.dumps({"ended": ended, "error": error}), flush=True)
    os._exit(0)  # a client's threads may wait for what never comes
