"""Two simulated S3s side by side, ours and moto's: the same call to both, and what botocore makes of the answers.

Ids and tokens, which each makes up by itself, are named by the call that they come from, so that results can be
compared and later calls can use them. What is no promise, such as dates and owners, is left out by `DROPPED`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from judging import Simulated, client_for

pytest.importorskip("moto", reason="moto is not installed; the extra `moto` has it")
WRITTEN_FOR = (5, 2)
if tuple(int(part) for part in version("moto").split(".")[:2]) != WRITTEN_FOR:
    pytest.skip(f"the comparison knows moto {WRITTEN_FOR[0]}.{WRITTEN_FOR[1]}", allow_module_level=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what moto's dependencies say of each other
    from moto.core.botocore_stubber import BotocoreStubber
    from moto.s3 import models

# Names of ids in parameters and results.
IDS = {
    "VersionId",
    "VersionIdMarker",
    "NextVersionIdMarker",
    "DeleteMarkerVersionId",
    "CopySourceVersionId",
    "UploadId",
    "UploadIdMarker",
    "NextUploadIdMarker",
    "ContinuationToken",
    "NextContinuationToken",
}
DROPPED = {
    "ResponseMetadata",
    "LastModified",
    "Initiated",
    "CreationDate",
    "Owner",
    "Initiator",
    "Location",
    "BucketArn",
    "ServerSideEncryption",
    "ID",
}
# The names that the examples of `differences` have for the ids of the last call that made some.
LAST = {"VersionId": "<version>", "UploadId": "<upload>", "NextContinuationToken": "<token>"}


@dataclass
class Side:
    """One of the two; `names` are its ids by the name that they have in the test."""

    client: Any
    names: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    _new: int = 0

    def call(self, operation: str, parameters: dict[str, Any]) -> Any:
        """Return the result in a form to compare; an error as its status and code."""
        self.calls, self._new = self.calls + 1, 0
        try:
            result = getattr(self.client, xform_name(operation))(**self._real(parameters))
        except ClientError as error:
            response = error.response
            return f"{response['ResponseMetadata']['HTTPStatusCode']} {response['Error']['Code']}"
        except CrashError as error:
            return str(error)
        return self._plain(result)

    def _real(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self._real(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [self._real(one) for one in value]
        return self.names.get(value, value) if key in IDS else value

    def _plain(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self._plain(one, name) for name, one in value.items() if name not in DROPPED}
        if isinstance(value, list):
            return [self._plain(one) for one in value]
        if key == "Body":
            return value.read()
        if key in IDS and value not in {"", "null"}:
            return self._named(key, value)
        return value

    def _named(self, key: str, value: str) -> str:
        for name, known in self.names.items():
            if known == value and name not in LAST.values():
                return name
        # By call, so that one that only one side makes up does not shift the names of later ones.
        self._new += 1
        name = f"<{self.calls}.{self._new}>"
        self.names[name] = value
        if key in LAST:
            self.names[LAST[key]] = value
        return name


class CrashError(Exception):
    """moto raised instead of answering."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One place in which the two results of a call differ; `path` is "" for the whole, "Contents[].Size" for a part."""

    operation: str
    parameters: dict[str, Any]
    path: str
    ours: Any
    motos: Any


class Pair:
    """Both, empty; `excused` are the names of the known differences that were met.

    `apart` says that one of these left the two in different states: from then on nothing is compared.
    """

    def __init__(self, ours: Any, motos: Any, differences: Iterable[Any]) -> None:
        self.ours, self.motos = Side(ours), Side(motos)
        self._differences = tuple(differences)
        self.excused: set[str] = set()
        self.apart = False

    def __call__(self, operation: str, **parameters: Any) -> Any:
        """Send to both, and return our result; fail where they differ and no known difference is the reason."""
        ours, motos = (side.call(operation, parameters) for side in (self.ours, self.motos))
        for path, our, their in () if self.apart else _gaps(ours, motos):
            gap = Gap(operation=operation, parameters=parameters, path=path, ours=our, motos=their)
            reasons = [known for known in self._differences if known.excuses(gap)]
            assert reasons, f"{operation}({parameters}) {path}\n  ours: {our}\n  moto: {their}"
            self.excused |= {known.name for known in reasons}
            self.apart = self.apart or any(known.parts for known in reasons)
        return ours


def _gaps(ours: Any, motos: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(ours, dict) and isinstance(motos, dict):
        for name in sorted(ours.keys() | motos.keys()):
            yield from _gaps(ours.get(name), motos.get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(ours, list) and isinstance(motos, list) and len(ours) == len(motos):
        for one, other in zip(ours, motos, strict=True):
            yield from _gaps(one, other, f"{path}[]")
    elif ours != motos:
        yield path, ours, motos


def reset_moto() -> None:
    """Forget all that moto holds."""
    for account in models.s3_backends.values():
        account.reset()


def moto_client() -> Any:
    """Return botocore's client on moto's S3, without a socket."""
    stubber = BotocoreStubber()

    def send(request: Any) -> tuple[int, dict[str, str], bytes]:
        try:
            status, headers, body = stubber.process_request(request)
        except Exception as error:
            raise CrashError(f"crash {type(error).__name__}") from error
        return int(status), {k: str(v) for k, v in headers.items()}, body.encode() if isinstance(body, str) else body

    return client_for(send)


def pair_of(judge: Any, motos: Any, differences: Iterable[Any]) -> Pair:
    """Return both S3s, with the same empty buckets.

    `plain` and `versioned` are as they are made and with versions. `open` takes ACLs, and nobody is concerned by what
    `settings` has set.
    """
    judge.s3 = Simulated()
    reset_moto()
    pair = Pair(judge.client, motos, differences)
    for bucket in ("plain", "versioned", "settings"):
        pair("CreateBucket", Bucket=bucket)
    pair("PutBucketVersioning", Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    for bucket in ("locked", "defaults"):
        pair("CreateBucket", Bucket=bucket, ObjectLockEnabledForBucket=True)
    pair("CreateBucket", Bucket="open", ObjectOwnership="ObjectWriter")
    for bucket in ("open", "settings"):
        pair("DeletePublicAccessBlock", Bucket=bucket)
    return pair
