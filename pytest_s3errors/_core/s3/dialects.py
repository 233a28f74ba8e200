"""How S3-compatible stores differ from S3, as data: what each of them returns instead, and what it refuses.

A dialect has only what a source shows. In everything else the store is treated as S3. Its codes and statuses replace
those of S3's errors, whether the model or a rule causes them. Values that the test sets stay unchanged.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape, unescape

from s3_asyncio_client._core.operations import names_of

from .errors.catalogue import CODES, error_reply
from .errors.messages import said
from .messages import Call, ErrorReply, Response

if TYPE_CHECKING:
    from .store import S3Store


class Said(NamedTuple):
    """What a store returns instead of one S3 code. None: the same as S3."""

    source: str
    code: str | None = None
    status: int | None = None
    message: str | None = None
    headers: Mapping[str, str] = {}


class Refusal(NamedTuple):
    """A header that a store refuses in some operations. The message may contain its `{name}` and `{value}`."""

    source: str
    header: str
    operations: frozenset[str]
    code: str
    status: int
    message: str | None = None
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One kind of store.

    `hosts` matches the endpoints that can only belong to this store. `codes` maps S3's codes, or recorded situations,
    to what the store returns. `in_200` is the source that shows the same codes in the body of a 200; "": there is none,
    and such errors are S3's. `writes_s` is the minimum time between two writes of one key. `even_parts`: all parts of
    an upload except the last need the same size.
    """

    name: str
    hosts: re.Pattern[str] | None = None
    codes: Mapping[str, Said] = field(default_factory=dict)
    in_200: str = ""
    refuses: tuple[Refusal, ...] = ()
    writes_s: float = 0.0
    even_parts: bool = False

    def spoken(self, reply: Response | ErrorReply, call: Call) -> Response | ErrorReply:
        """Return *reply* to *call* in the form of this store. If it has that form already, it stays the same."""
        if isinstance(reply, ErrorReply):
            return self._error(reply)
        if self.in_200 and call.operation == "DeleteObjects":
            return replace(reply, body=_KEY_ERROR.sub(self._key_error, bytes(reply.body)))
        return reply

    def _key_error(self, found: re.Match[bytes]) -> bytes:
        code, message = (unescape(text.decode()) for text in found.groups())
        own = self._error(ErrorReply(code=code, status=HTTPStatus.OK, message=message))
        return b"<Code>%s</Code><Message>%s</Message>" % (escape(own.code).encode(), escape(own.message).encode())

    def _error(self, reply: ErrorReply) -> ErrorReply:
        if reply.status == HTTPStatus.OK and not self.in_200:
            return reply
        own = next((row for row in self._rows(reply)), None)
        if own is None:
            return reply
        spec = CODES.get(reply.code)
        usual = spec is not None and reply.status == spec.status
        return replace(
            reply,
            code=own.code or reply.code,
            status=own.status if own.status is not None and usual else reply.status,
            message=own.message if own.message is not None and _is_usual(reply) else reply.message,
            headers={**own.headers, **reply.headers},
        )

    def _rows(self, reply: ErrorReply) -> list[Said]:
        """Return the entries for the reply, the most specific first."""
        narrow = [row for name, row in self.codes.items() if ": " in name and _is_in(reply, name)]
        return [*narrow, *(row for name, row in self.codes.items() if name == reply.code)]

    def refusal(self, call: Call, store: S3Store) -> ErrorReply | None:
        """Return why this store refuses *call* although S3 would not. None: it does not."""
        for row in self.refuses:
            if call.operation in row.operations:
                for name, value in call.headers.items():
                    if re.fullmatch(row.header, name) and value not in row.allowed:
                        text = None if row.message is None else row.message.format(name=name, value=value)
                        return error_reply(row.code, call, status=row.status, message=text)
        if self.even_parts and call.operation == "CompleteMultipartUpload" and _uneven(call, store):
            return error_reply("InvalidPart", call, message="All non-trailing parts must have the same size.")
        return None


class Writes:
    """The time of the last write of each key, for stores that require a minimum time between writes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at: dict[tuple[str | None, str | None], float] = {}

    def too_soon(self, call: Call, wait_s: float) -> bool:
        """Return whether the key of a write was written less than *wait_s* ago. Record the write if not."""
        if not wait_s or call.operation not in _WRITES:
            return False
        now, place = self._clock(), (call.bucket, call.key)
        if place in self._at and now - self._at[place] < wait_s:
            return True
        self._at[place] = now
        return False


_WRITES = names_of(lambda row: row.makes == "object")
_PUTS = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload"})
_KEY_ERROR = re.compile(rb"<Code>([^<]*)</Code><Message>([^<]*)</Message>")
_SUMMED = frozenset({"PutObject", "UploadPart"})
_R2 = "Cloudflare R2 documentation, error codes"
_MINIO = "minio, cmd/api-errors.go"

AWS = Dialect(name="aws")

_MINIO_DIALECT = Dialect(
    name="minio",
    codes={
        "InvalidToken": Said(_MINIO, "InvalidTokenId", 403, "The security token included in the request is invalid"),
        "MetadataTooLarge": Said(
            _MINIO, "InvalidArgument", 400, "Your metadata headers exceed the maximum allowed metadata size."
        ),
        "NoSuchObjectLockConfiguration": Said(_MINIO, status=400),
        "SlowDown": Said(
            "minio/minio#10818 (Retry-After), #17369 (message)",
            message="Resource requested is unreadable, please reduce your request rate",
            headers={"Retry-After": "120"},
        ),
        "AccessDenied: unsigned headers": Said(_MINIO, status=400),
    },
    in_200="minio, cmd/object-multipart-handlers.go and cmd/bucket-handlers.go",
)

_R2_DIALECT = Dialect(
    name="r2",
    hosts=re.compile(r".*\.r2\.cloudflarestorage\.com"),  # pgbackrest#2655
    codes={
        "AccessDenied: expired": Said(_R2, "ExpiredRequest", 400),
        "BucketAlreadyExists": Said(_R2, "BucketConflict", 409),
        "BucketAlreadyOwnedByYou": Said(_R2, "BucketConflict", 409),
        "InvalidAccessKeyId": Said(_R2, "Unauthorized", 401),
        "KeyTooLongError": Said(_R2, "InvalidObjectName", 400),
        "SlowDown": Said(_R2, "TooManyRequests", 429),
    },
    refuses=(
        Refusal(
            "cloudflare-docs#4508",
            "x-amz-checksum-algorithm",
            frozenset({"CopyObject"}),
            "NotImplemented",
            501,
            "Header '{name}' with value '{value}' not implemented",
        ),
    ),
    writes_s=1.0,  # the documentation of R2's limits
    even_parts=True,  # error 10048
)

_B2_DIALECT = Dialect(
    name="b2",
    hosts=re.compile(r"(?:.*\.)?s3\.[a-z0-9-]+\.backblazeb2\.com"),  # ZeroFS#95
    codes={
        "InternalError": Said("mastodon#30030", message="An internal error occurred.  Please retry your upload."),
        "ServiceUnavailable": Said("mastodon#30030", message="no tomes available"),
    },
    refuses=(
        Refusal(
            "nocodb#10942, synapse-s3-storage-provider#128",
            r"x-amz-checksum-.*|x-amz-sdk-checksum-algorithm",
            _SUMMED,
            "InvalidArgument",
            400,
            "Unsupported header '{name}' received for this API call.",
        ),
        Refusal(
            "zpan#126, nocodb#9054",
            "x-amz-acl",
            _PUTS,
            "InvalidArgument",
            400,
            "Unsupported value for canned acl '{value}'",
            frozenset({"private"}),
        ),
        Refusal(
            "obsidian-s3-sync-and-backup#78", "if-(?:none-)?match", frozenset({"PutObject"}), "NotImplemented", 501
        ),
        Refusal(
            "gobackup#155",
            "x-amz-storage-class",
            _PUTS,
            "NotImplemented",
            501,
            "Backblaze only supports the 'STANDARD' storage class, and not {value}",
            frozenset({"STANDARD"}),
        ),
    ),
)

DIALECTS: Mapping[str, Dialect] = {one.name: one for one in (AWS, _MINIO_DIALECT, _R2_DIALECT, _B2_DIALECT)}
"""The dialects by their names in `s3_dialect`."""

_KNOWN_BY_HOST = tuple(one for one in DIALECTS.values() if one.hosts is not None)


@functools.lru_cache(256)  # each request calls this
def dialect_at(endpoint: str) -> Dialect:
    """Return the dialect of the store at *endpoint*, a host with or without a port. The default is S3's own."""
    host = endpoint.partition(":")[0]
    return next((one for one in _KNOWN_BY_HOST if one.hosts is not None and one.hosts.fullmatch(host)), AWS)


def _is_usual(reply: ErrorReply) -> bool:
    """Return whether a reply has the standard message of its code or situation, not one of the test's."""
    spec = CODES.get(reply.code)
    return spec is not None and reply.message == spec.message


def _is_in(reply: ErrorReply, situation: str) -> bool:
    return reply.code == situation.partition(":")[0] and reply.message == said(situation)


def _uneven(call: Call, store: S3Store) -> bool:
    upload = store.uploads.get(call.query.get("uploadId", ""))
    sizes = [] if upload is None else [len(upload.parts[number].body) for number in sorted(upload.parts)]
    return len(set(sizes[:-1])) > 1 or (len(sizes) > 1 and sizes[-1] > sizes[0])
