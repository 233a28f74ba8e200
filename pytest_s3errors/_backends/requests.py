"""A backend that takes requests, like moto or a server. It creates buckets as the model in memory does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from pytest_s3errors._core.s3.auth import identify
from pytest_s3errors._core.s3.aws_chunked import is_framed
from pytest_s3errors._core.s3.forward import Forward, forwarded
from pytest_s3errors._core.s3.messages import EMPTY, Refused
from pytest_s3errors._core.s3.payload import unframed
from pytest_s3errors._core.s3.request import S3Request
from s3_asyncio_client._core.operations import names_of

from .store import RequestStore

if TYPE_CHECKING:
    from pytest_s3errors._core.body import Body
    from pytest_s3errors._core.s3.access import Access
    from pytest_s3errors._core.s3.messages import Call, ErrorReply, Response
    from pytest_s3errors._core.s3.store import S3Store

_MAKES_BUCKETS = names_of(lambda row: row.makes in {"object", "upload"} and not row.needs_upload)
_CREATING = names_of(lambda row: row.makes == "bucket")
_NAMED = re.compile(rb"<BucketName>([^<]*)</BucketName>")
_FOR_ANYBODY = names_of(lambda row: not row.signed)


WhileWorking: TypeAlias = Callable[[], AbstractContextManager[None]]


class Send(Protocol):
    """Sends one request to an S3."""

    def __call__(self, call: Call, asked: Forward) -> Response:
        """Give the answer to *asked*, which means *call*.

        Raises:
            BackendError: There is none.
        """


class RequestBackend:
    """Forwards requests of the accounts in *access*, *while_working*, and records what the test made."""

    def __init__(self, name: str, send: Send, access: Access, while_working: WhileWorking = nullcontext) -> None:
        self._send = send
        self._while_working = while_working
        self._access = access
        self._store = RequestStore(name, self._asked)

    @property
    def store(self) -> S3Store:
        """What the other S3 holds, read by requests that no rule sees and no journal has."""
        return cast("S3Store", self._store)  # its public methods are the same; a test compares them

    def missing(self, _call: Call, /) -> str | None:
        """Return None: the other S3 reports itself what it lacks."""
        return None

    def refuses(self, call: Call, /) -> bool:
        """Tell whether the bucket is not there; what else the other S3 refuses, it does with the body."""
        return call.bucket is not None and call.operation not in _CREATING and not self.store.accepts(call.bucket)

    def bucket_region(self, _call: Call, /) -> str | None:
        """Return None: the region of the client's signature does not reach the other S3."""
        return None

    def answer(self, call: Call, body: Body, /) -> Response | ErrorReply:
        """Have *call* done by the other S3; the first write to a bucket makes it, unless the test declared buckets.

        Raises:
            BackendError: There is no answer.
        """
        try:
            asked = forwarded(call, *self._received(call, body))
        except Refused as refusal:
            return refusal.reply
        with self._while_working():
            return self._done(call, asked)

    def _done(self, call: Call, asked: Forward) -> Response:
        reply = self._send(call, asked)
        if reply.code == "NoSuchBucket" and self._makes(call, reply):
            self._store.create_bucket(call.bucket or "")
            reply = self._send(call, asked)
        self._store.learn(call, reply)
        return reply

    def _received(self, call: Call, body: Body) -> tuple[Body, Mapping[str, str]]:
        """Return the body without its framing, and its trailers. Refuse a caller that S3 does not let in."""
        caller = identify(call.came_as or call, self._access, now=lambda: datetime.now(UTC))
        ask = S3Request(
            store=self.store,
            call=call,
            body=body,
            new_id=str,
            bucket=call.bucket or "",
            key=call.key or "",
            access=self._access,
            caller=caller,
        )
        if caller.owner_id is None and call.operation not in _FOR_ANYBODY:
            raise ask.refused("AccessDenied")
        return unframed(ask) if is_framed(call.headers) else (body, EMPTY)

    def _makes(self, call: Call, refusal: Response) -> bool:
        """Return whether a write that was refused for want of its bucket creates the bucket."""
        bucket = call.bucket or ""
        named = _NAMED.search(bytes(refusal.body))
        if call.operation not in _MAKES_BUCKETS or not self._store.makes(bucket):
            return False
        return named is None or named[1] == bucket.encode()  # a copy's source can be what is missing

    def _asked(self, call: Call, body: Body) -> Response:
        return self._send(call, forwarded(call, body))
