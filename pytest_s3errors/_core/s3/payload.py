"""Receive a request's body as S3 does: without framing, complete, and matching its digests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pytest_s3errors._core.body import Body
from pytest_s3errors._core.s3.auth.refusals import mismatch
from pytest_s3errors._core.s3.auth.streaming import ChunkSignatureError
from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.limits import MAX_UPLOAD_BYTES
from s3_asyncio_client._core.operations import names_of

from .aws_chunked import ChunkTooSmallError, FramingError, TrailerError, is_framed, unframe
from .digests import CHECKSUM, DIGEST_HEADERS, check_content_md5, check_content_sha256, checked_checksums, is_undigested
from .documents import parse_xml
from .messages import EMPTY

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from .bucket_record import Bucket
    from .request import S3Request

_SIZED = names_of(lambda row: row.takes == "bytes")
# More operations ask for a digest by their documentation. Of these a refusal was reported.
DIGESTED = frozenset({"DeleteObjects", "PutBucketTagging", "PutObjectLockConfiguration"})


def configuration(ask: S3Request, root: str) -> tuple[Bucket, ET.Element]:
    """Return the request's bucket, and the *root* of the document that it gets. S3 takes the body before it looks."""
    body = receive(ask).body
    return ask.readable_bucket(), parse_xml(ask, body, root)


class Payload(NamedTuple):
    """A complete body. `checksums` are those in its request, by algorithm, all verified."""

    body: Body
    checksums: Mapping[str, str] = EMPTY


def receive(ask: S3Request) -> Payload:
    """Return the request's body. Refuse one that is too large, incomplete, badly framed, or unlike its digests."""
    if not ask.call.sized and ask.call.operation in _SIZED:
        raise ask.refused("MissingContentLength")
    headers = ask.call.headers
    sha256 = headers.get("x-amz-content-sha256", "")
    chunked = is_framed(headers)
    stated = _stated_length(ask, "x-amz-decoded-content-length" if chunked else "content-length", required=chunked)
    body, trailers = unframed(ask) if chunked else (ask.body, EMPTY)
    if stated is not None and stated != len(body):
        elements = {"NumberBytesExpected": str(stated), "NumberBytesProvided": str(len(body))}
        raise ask.refused("IncompleteBody: length", elements=elements)
    if ask.call.operation in DIGESTED and is_undigested(ask):
        raise ask.refused("InvalidRequest: no digest")
    if sha256:
        check_content_sha256(ask, ask.body)
    if DIGEST_HEADERS.isdisjoint(headers):
        return Payload(body=body)
    check_content_md5(ask, body)
    return Payload(body=body, checksums=checked_checksums(ask, body, trailers))


def _stated_length(ask: S3Request, header: str, *, required: bool) -> int | None:
    text = ask.call.headers.get(header)
    if text is None and not required:
        return None
    length = whole_number(text)
    if length is None:
        raise ask.refused("MissingContentLength")
    if length > MAX_UPLOAD_BYTES:
        elements = {"ProposedSize": str(length), "MaxSizeAllowed": str(MAX_UPLOAD_BYTES)}
        raise ask.refused("EntityTooLarge", elements=elements)
    return length


def unframed(ask: S3Request) -> tuple[Body, Mapping[str, str]]:
    """Return body and trailers of a request in aws-chunked framing. Refuse bad framing or a wrong signature."""
    stated = ask.call.headers.get("x-amz-trailer", "").lower().replace(" ", "")
    announced = {name for name in stated.split(",") if name}
    if any(name.startswith(CHECKSUM) and name not in DIGEST_HEADERS for name in announced):
        raise ask.refused("InvalidRequest: trailer")
    try:
        seal = ask.caller.seal
        received = unframe(ask.body, seal.open() if seal else None)
    except ChunkSignatureError as wrong:
        raise mismatch(ask.call, wrong.access_key, wrong.provided, wrong.string_to_sign) from wrong
    except ChunkTooSmallError as small:
        # S3 notices at the next chunk, and tells the number of that one.
        elements = {"Chunk": str(small.chunk + 1), "BadChunkSize": str(small.size)}
        raise ask.refused("InvalidChunkSizeError", elements=elements) from small
    except FramingError as error:
        raise ask.refused("IncompleteBody") from error
    except TrailerError as error:
        raise ask.refused("MalformedTrailerError") from error
    if not received.trailers.keys() >= announced:
        raise ask.refused("MalformedTrailerError")
    return received.body, received.trailers
