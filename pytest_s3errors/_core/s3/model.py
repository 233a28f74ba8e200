"""The S3 model: `answer` dispatches a request to the handler of its operation.

The handlers are in the modules beside this one. They change the store only if they succeed.
"""

from __future__ import annotations

import re
from types import ModuleType
from typing import TYPE_CHECKING

from pytest_s3errors._core.body import Body, LongBody
from pytest_s3errors._core.s3.errors.catalogue import error_reply
from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.operations import OPERATIONS, names_of

from . import (  # noqa: F401 - `_handlers` finds them
    access_control,
    bucket_policy,
    buckets,
    copies,
    cors,
    deletes,
    encryption,
    listings,
    multipart,
    object_attributes,
    object_lock,
    objects,
    posts,
    public_access,
    tags,
    uploads,
    versions,
)
from .access import OPEN, Access
from .access_points import ON_BUCKETS
from .auth import ANYBODY, Caller, identify, unsigned
from .commit import DEFAULT_REGION
from .digests import ALGORITHMS
from .messages import Call, ErrorReply, Refused, Response
from .misaddressed import check_form, check_selectors, misplaced
from .permissions import EXPECTED_OWNER, check_allowed
from .presigned import with_signed_query
from .request import S3Request
from .selectors import is_known_form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .store import S3Store

# Operations that work in any region, not only in that of their bucket.
_ANYWHERE = names_of(lambda row: row.anywhere)
# Operations without a signature in the head: a form has it in its fields.
_UNSIGNED = names_of(lambda row: not row.signed)

_WORD = re.compile("(?<=[a-z])(?=[A-Z])")


def _handlers() -> Iterator[tuple[str, Callable[[S3Request], Response]]]:
    """Yield each operation with its handler: the function of its name, such as `get_bucket_acl`."""
    modules = [value for value in globals().values() if isinstance(value, ModuleType)]
    for operation in OPERATIONS:
        name = _WORD.sub("_", operation).lower()
        yield from ((operation, vars(module)[name]) for module in modules if name in vars(module))


_OPERATIONS = dict(_handlers())

SUPPORTED: frozenset[str] = frozenset(_OPERATIONS)
"""The operations that `answer` supports."""

_TAKING = names_of(lambda row: row.takes != "")

# Headers that would change the stored object or the response, and that the model does not support.
_MISSING_PREFIXES = (
    "x-amz-object-lock-event-hold",
    "x-amz-write-offset-bytes",
    "x-amz-checksum-",
)
_SUSPECT = re.compile("|".join(_MISSING_PREFIXES))
_NEW_ALGORITHMS = frozenset({"MD5", "SHA512", "XXHASH64", "XXHASH3", "XXHASH128"})
_KNOWN_CHECKSUMS = frozenset(f"x-amz-checksum-{name}" for name in (*ALGORITHMS, "algorithm", "mode", "type"))


def missing(call: Call) -> str | None:
    """Return what the model lacks to answer *call* as S3 would, in a few words. None: nothing.

    `answer` ignores what it lacks, so a caller who wants no guesses asks here first.
    """
    if call.operation is None:
        return None if is_known_form(call) else "operation of this form"
    if call.operation not in _OPERATIONS:
        return f"operation {call.operation}"
    if _SUSPECT.search(" ".join(call.headers)):
        for header in call.headers:
            if header.startswith(_MISSING_PREFIXES) and header not in _KNOWN_CHECKSUMS:
                return f"header {header}"
    algorithm = call.headers.get("x-amz-checksum-algorithm")
    if algorithm and algorithm.upper() in _NEW_ALGORITHMS:
        return f"checksum algorithm {algorithm}"
    return None


def answer(
    store: S3Store, call: Call, body: Body, *, new_id: Callable[[], str], access: Access = OPEN
) -> Response | ErrorReply:
    """Execute *call* on *store* and return S3's response. It never raises for any request.

    Args:
        store: The content of S3. It changes only if the response is a success.
        call: The request.
        body: Its whole body as sent, with aws-chunked framing.
        new_id: Creates a new upload id at each call.
        access: Who is let in.

    Returns:
        The response without the headers that every response carries (request ids, Date, Server), or the error.
        An operation outside SUPPORTED gets NotImplemented.
    """
    try:
        if not body and "expect" in call.headers:  # refused by the head: the body was never requested
            body = _awaited(call) or body
        return _answer(store, call, body, new_id, access)
    except _AwaitedError:
        return error_reply("IncompleteBody", call)


def _answer(store: S3Store, call: Call, body: Body, new_id: Callable[[], str], access: Access) -> Response | ErrorReply:
    operation = _OPERATIONS.get(call.operation or "")
    if operation is None and (call.operation is not None or not is_known_form(call)):
        return error_reply("NotImplemented", call)
    try:
        if call.query:
            check_selectors(call)
        caller = _caller(store, call.came_as or call, access)
        if call.query:
            call = with_signed_query(call)
        ask = S3Request(
            store=store,
            call=call,
            body=body,
            new_id=new_id,
            bucket=store.access_points.get(call.bucket or "", call.bucket or ""),
            key=call.key or "",
            access=access,
            caller=caller,
        )
        _check_text(ask)
        check_form(ask)
        if operation is None:
            raise misplaced(ask)
        if ask.bucket != (call.bucket or "") and not (call.key or call.operation in ON_BUCKETS):
            raise ask.refused("MethodNotAllowed")
        bucket = store.bucket(ask.bucket)
        asked = access.declared or EXPECTED_OWNER in call.headers or (bucket is not None and bucket.policy is not None)
        if asked and call.operation not in _UNSIGNED:
            check_allowed(ask)
        return operation(ask)
    except Refused as refusal:
        return refusal.reply


def refuses_by_head(store: S3Store, call: Call, *, new_id: Callable[[], str], access: Access = OPEN) -> bool:
    """Return whether S3 refuses *call* before it asks for the body (100 Continue). The store does not change.

    The call is answered with a body that can't be read. A refusal without reading it was decided by the head. A change
    of the store has to read the body first.
    """
    if call.operation not in _TAKING or missing(call) is not None:
        return False
    body = _awaited(call)
    try:
        return bool(body) and isinstance(_answer(store, call, body, new_id, access), ErrorReply)
    except _AwaitedError:
        return False


def _awaited(call: Call) -> LongBody:
    """Return a body that can't be read, with the length from the head. A head that states none has none."""
    stated = whole_number(call.headers.get("content-length", "1" if "transfer-encoding" in call.headers else "0"))
    return LongBody(_AWAITED, 0, 1 if stated is None else stated)


class _AwaitedError(Exception):
    """The body has not arrived yet."""


class _Awaited:
    """The source of a body that has not arrived yet."""

    def read(self, start: int, end: int) -> bytes:
        """Raise: there is nothing to read."""
        raise _AwaitedError(start, end)


_AWAITED = _Awaited()


def _caller(store: S3Store, call: Call, access: Access) -> Caller:
    if call.operation in _UNSIGNED:
        return ANYBODY
    if not call.query and "authorization" not in call.headers:
        return unsigned(access)

    return identify(call, access, now=store.now, bucket_region=lambda: region_of_bucket(store, call, access))


def region_of_bucket(store: S3Store, call: Call, access: Access) -> str | None:
    """Return the region of the bucket of *call*, which it must be signed for. None: the bucket asks for no region."""
    name = store.access_points.get(call.bucket or "", call.bucket or "")
    bucket = None if call.operation in _ANYWHERE else store.bucket(name)
    if bucket is None:
        return None
    # If everyone is let in, a test that sets no region of a bucket may sign for any region.
    return bucket.region if access.declared or bucket.region != DEFAULT_REGION else None


def _check_text(ask: S3Request) -> None:
    """Refuse names without a UTF-8 form: percent-encoded bytes that are not text."""
    if ask.key.isascii() and ask.bucket.isascii() and not ask.call.query:
        return
    text = "".join((ask.key, ask.bucket, *ask.call.query, *ask.call.query.values()))
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ask.refused("InvalidURI")
