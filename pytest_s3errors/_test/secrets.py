"""Remove secrets from reports: first the values that the tests know, then everything that looks like a secret.

With ``--showlocals`` a report shows the locals of every frame, and the test's own code may hold its keys in any of
them. So this module edits the finished report as a whole: the failure, its sections, the captured output and logs.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import gc
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_s3errors._core.s3.access import TEST_CREDENTIALS
from pytest_s3errors._guard.credentials import secrets_of, signed_with
from pytest_s3errors._guard.environment import secrets_now
from s3_asyncio_client._core.redact import redact

if TYPE_CHECKING:
    from pytest_s3errors._core.s3.messages import Call

    from .lifetime import Run

_CUSTOMER_KEYS = (
    "x-amz-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key",
)
_SIGNED = re.compile(r"(?:Credential|Signature)=([^/,\s]+)")
_ARGUMENTS = ("X-Amz-Security-Token", "X-Amz-Signature", "Signature", "AWSAccessKeyId")
_PUBLIC = frozenset({TEST_CREDENTIALS.access_key, TEST_CREDENTIALS.secret_key})


def hide(report: pytest.TestReport, run: Run | None) -> None:
    """Remove every secret from *report*. *run* is the simulation of its test, if it had one."""
    subtest = getattr(report, "context", None)
    if not (report.longrepr or report.sections or subtest):
        return
    if run is None and "s3_asyncio_client" not in str(report.longrepr):
        return
    secrets = (_known(run, failed=report.failed) | secrets_now()) - _PUBLIC
    for name in ("longrepr", "sections", "s3_timeline"):
        if hasattr(report, name):
            setattr(report, name, _hidden(getattr(report, name), secrets))
    for name in ("msg", "kwargs"):
        if hasattr(subtest, name):
            object.__setattr__(subtest, name, _hidden(getattr(subtest, name), secrets))  # it is frozen


def hide_in_warning(warning: Warning) -> None:
    """Remove every secret from the text of *warning*, which may be the traceback of a thread."""
    warning.args = _hidden(warning.args, (_known(None) | secrets_now()) - _PUBLIC)


def _known(run: Run | None, *, failed: bool = False) -> frozenset[str]:
    found = set(signed_with)
    ours: Any = sys.modules.get("s3_asyncio_client.client")
    for client in tuple(ours._live) if ours else ():  # noqa: SLF001 - both packages are one distribution
        found.update(filter(None, (client.access_key, client.secret_key, client.session_token)))
    # The locals of a failure may hold what has signed nothing yet. To look for it takes as long as there are objects.
    if failed and (botocore := sys.modules.get("botocore.credentials")):
        found.update(*map(secrets_of, _instances(botocore.Credentials)))
    if run is not None:
        found |= run.secrets
        found |= {text for known in run.access.known for text in (known.access_key, known.secret_key)}
        found |= {text for entry in run.simulator.entries for text in _of_call(entry.call)}
    return frozenset(found)


def _instances(kind: type) -> list[Any]:
    kinds = [kind]
    for one in kinds:
        kinds += one.__subclasses__()
    return [one for one in gc.get_referrers(*kinds) if issubclass(type(one), kind)]  # a mock is an instance of all


def _of_call(call: Call) -> Iterator[str]:
    yield from filter(None, [call.headers.get("x-amz-security-token")])
    for key in filter(None, map(call.headers.get, _CUSTOMER_KEYS)):
        yield key
        with contextlib.suppress(ValueError):  # it is not in base64
            # As the caller holds it: text, or bytes as a report writes them.
            yield repr(base64.b64decode(key, validate=True))[2:-1]
    yield from filter(None, map(call.query.get, _ARGUMENTS))
    yield from _SIGNED.findall(call.headers.get("authorization", ""))


def _hidden(value: Any, secrets: frozenset[str]) -> Any:
    """Return *value* without secrets. Objects of pytest are changed in place."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, list | tuple):
        parts = [_hidden(part, secrets) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, dict):
        return {name: _hidden(part, secrets) for name, part in value.items()}
    if dataclasses.is_dataclass(value) or type(value).__module__.startswith("_pytest."):
        for name, part in vars(value).items():
            setattr(value, name, _hidden(part, secrets))
    return value
