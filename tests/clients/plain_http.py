"""What people write by hand around a plain HTTP client and presigned URLs: send, raise for the status, read."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from xml.etree import ElementTree as ET

from client_matrix import BIG, BODY, KEYS, MIB, Context

# (method, URL, body) to the body of an answer whose status the client did not raise for.
Send = Callable[[str, str, bytes], Awaitable[bytes]]
_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


async def get(send: Send, context: Context) -> bytes:
    """Read the object."""
    return await send("GET", context.url("GET", "key"), b"")


async def put(send: Send, context: Context) -> None:
    """Write the object in one request."""
    await send("PUT", context.url("PUT", "key"), BODY)


async def upload(send: Send, context: Context) -> None:
    """Write the object in parts of 5 MiB; the status of the last answer is all that is looked at."""
    created = ET.fromstring(await send("POST", context.url("POST", "key", uploads=""), b""))
    upload_id = created.findtext(f"{_NAMESPACE}UploadId") or ""
    parts = ""
    for number, start in enumerate(range(0, len(BIG), 5 * MIB), 1):
        url = context.url("PUT", "key", partNumber=str(number), uploadId=upload_id)
        part = BIG[start : start + 5 * MIB]
        await send("PUT", url, part)
        parts += f"<Part><PartNumber>{number}</PartNumber><ETag>{md5(part)}</ETag></Part>"
    done = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
    await send("POST", context.url("POST", "key", uploadId=upload_id), done.encode())


async def delete(send: Send, context: Context) -> tuple[str, ...]:
    """Delete all keys with one request; its status is all that is looked at."""
    objects = "".join(f"<Object><Key>{key}</Key></Object>" for key in KEYS)
    await send("POST", context.url("POST", None, delete=""), f"<Delete>{objects}</Delete>".encode())
    return KEYS


def md5(body: bytes) -> str:
    """The ETag of a part."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
