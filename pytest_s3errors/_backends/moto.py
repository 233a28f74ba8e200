"""moto's S3 in this process, called as its botocore stub calls it: no socket, no patch."""

from __future__ import annotations

import importlib
import threading
import warnings
from typing import TYPE_CHECKING, Any

from pytest_s3errors._core.s3.backend import BackendError
from pytest_s3errors._core.s3.forward import Forward, answered
from pytest_s3errors._core.s3.messages import Call, Response
from s3_asyncio_client._core.addressing import canonical_query

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST = (5, 1, 0)
INSTALL = "pip install 'pytest-s3errors[moto]'"
_USED = ("moto.core.botocore_stubber", "moto.s3.models", "botocore.awsrequest")
_HOST = "s3.amazonaws.com"
# moto looks at the access key and verifies nothing.
_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIAPYTESTS3ERRORS00/20200101/us-east-1/s3/aws4_request,"
    " SignedHeaders=host, Signature=0"
)


def load() -> tuple[Any, ...]:
    """Import what is used: moto's stub for botocore, its S3, and botocore's requests. It takes a second.

    Raises:
        ImportError: It is not there, or too old; the text says how to install it.
    """
    wanted = f"moto {'.'.join(map(str, OLDEST))} or newer"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what moto's dependencies say of each other
            version = importlib.import_module("moto").__version__
            modules = tuple(map(importlib.import_module, _USED))
    except ImportError as error:
        raise ImportError(f"{wanted} is needed, and can't be imported ({error}): {INSTALL}") from error
    if tuple(int(part) for part in version.split(".")[:3] if part.isdecimal()) < OLDEST:
        raise ImportError(f"{wanted} is needed, not {version}: {INSTALL}")
    return modules


class InMoto:
    """Sends requests to moto, which starts empty."""

    _lock = threading.Lock()  # moto's state is the process's, and knows nothing of threads

    def __init__(self) -> None:
        stubber, models, self._requests = load()
        self._stub = stubber.BotocoreStubber()
        with self._lock:
            for account in list(models.s3_backends.values()):
                account.reset()

    def __call__(self, call: Call, asked: Forward) -> Response:
        """Send *asked*, which means *call*.

        Raises:
            BackendError: moto has no such operation, or failed at it.
        """
        request = self._prepared(asked)
        what = call.operation or f"{call.method} of this form"
        try:
            with self._lock:
                status, headers, body = self._stub.process_request(request)
        except NotImplementedError as error:
            raise BackendError(f"moto has no {what} (ini s3_backend): {error}") from error
        except Exception as error:
            raise BackendError(f"moto failed at {what} (ini s3_backend): {type(error).__name__}: {error}") from error
        return answered(call, int(status), _items(headers), body.encode() if isinstance(body, str) else bytes(body))

    def _prepared(self, asked: Forward) -> Any:
        headers = self._requests.HTTPHeaders()
        for name, value in asked.headers.items():
            headers[name] = value
        headers["host"] = _HOST
        headers["authorization"] = _AUTHORIZATION
        headers["content-length"] = str(len(asked.body))
        query = canonical_query(asked.params)
        url = f"https://{_HOST}{asked.path}{'?' if query else ''}{query}"
        return self._requests.AWSPreparedRequest(asked.method, url, headers, bytes(asked.body), stream_output=False)


def _items(headers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return moto's headers, whose values are text or numbers, as a socket would deliver them."""
    return [(name, str(value).encode("utf-8", "replace").decode("latin-1")) for name, value in headers.items()]
