"""A writer and a reader on `S3Client` that do all right, and the ways to do one thing wrong: the mutants of the sweep.

It is copied beside the tests that sweep it. Each mutant overrides one method.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io

from s3_asyncio_client import S3Client, S3Error, S3NotFoundError, S3ServerError
from s3_asyncio_client._core import xml
from s3_asyncio_client.multipart import (
    abort_multipart_upload,
    complete_multipart_upload,
    create_multipart_upload,
    upload_part,
)

ATTEMPTS = 4
PART = 5 * 1024**2
BODY = b"a" * PART + b"end"
LONG = b"a" * PART + b"b" * PART + b"c" * PART


async def again(operation):
    """Try *operation* again after what may go away; the last error is the caller's."""
    for attempt in range(ATTEMPTS):
        try:
            return await operation()
        except S3Error as error:
            if attempt == ATTEMPTS - 1 or (400 <= (error.status_code or 500) < 500):
                raise
            await asyncio.sleep(0.1 * 2**attempt)
    return None


class Writer:
    """Writes an object in parts."""

    def __init__(self, client: S3Client, bucket: str = "bucket", key: str = "key") -> None:
        self.client, self.bucket, self.key = client, bucket, key
        self.place = client, bucket, key

    async def write(self, body: bytes) -> None:
        try:
            upload = await self.create()
        except S3Error:
            await self.reconcile()
            raise
        try:
            parts = await self.send(upload, body)
            await self.complete(upload, parts)
        except BaseException:
            await self.abort(upload)
            raise

    async def create(self) -> str:
        """Begin; what a lost answer may have begun is aborted first."""

        async def once() -> str:
            try:
                return await create_multipart_upload(*self.place)
            except S3Error:
                await self.reconcile()
                raise

        return await again(once)

    async def reconcile(self) -> None:
        async def uploads() -> list[str]:
            response = await self.client._make_request(method="GET", bucket=self.bucket, params={"uploads": ""})
            root = xml.parse_result(await response.text(), operation="ListMultipartUploads", bucket=self.bucket)
            response.close()
            return [xml.text(one, "UploadId") for one in root.iter("Upload") if xml.text(one, "Key") == self.key]

        try:
            found = await again(uploads)
        except S3NotFoundError:  # no bucket, no upload
            return
        for upload in found:
            await self.abort(upload)

    async def send(self, upload: str, body: bytes) -> list[dict]:
        pieces = [body[start : start + PART] for start in range(0, len(body), PART)]
        return [await self.part(upload, number, io.BytesIO(piece)) for number, piece in enumerate(pieces, 1)]

    async def part(self, upload: str, number: int, piece: io.BytesIO) -> dict:
        async def once() -> dict:
            piece.seek(0)
            return await upload_part(*self.place, upload, number, piece.read())

        return await again(once)

    async def complete(self, upload: str, parts: list[dict]) -> None:
        """Complete; after an answer that is no answer, look what became of it."""
        try:
            await complete_multipart_upload(*self.place, upload, parts)
        except S3Error as error:
            if 400 <= (error.status_code or 500) < 500 or not await self.is_there(parts):
                if not isinstance(error, S3ServerError):
                    raise
                await complete_multipart_upload(*self.place, upload, parts)

    async def is_there(self, parts: list[dict]) -> bool:
        digests = b"".join(bytes.fromhex(part["etag"]) for part in parts)
        etag = f"{hashlib.md5(digests).hexdigest()}-{len(parts)}"
        try:
            head = await again(lambda: self.client.head_object(self.bucket, self.key))
        except S3NotFoundError:
            return False
        return head["etag"] == etag

    async def abort(self, upload: str) -> None:
        with contextlib.suppress(S3NotFoundError):  # it is gone
            await again(lambda: abort_multipart_upload(*self.place, upload))

    async def write_if_absent(self, body: bytes) -> bool:
        try:
            await again(lambda: self.client.head_object(self.bucket, self.key))
        except S3NotFoundError:
            await again(lambda: self.client.put_object(self.bucket, self.key, body))
            return True
        return False

    async def delete(self, *keys: str) -> None:
        result = await again(lambda: self.client.delete_objects(self.bucket, list(keys)))
        if result["errors"]:
            raise RuntimeError(f"not deleted: {result['errors']}")

    async def read(self) -> bytes:
        return (await again(lambda: self.client.get_object(self.bucket, self.key)))["body"]


class NoAbort(Writer):
    async def abort(self, upload):
        pass


class AbortNotRetried(Writer):
    async def abort(self, upload):
        with contextlib.suppress(S3Error):
            await abort_multipart_upload(*self.place, upload)


class LostCreateNotReconciled(Writer):
    async def reconcile(self):
        pass


class LostCompleteRepeatedBlindly(Writer):
    async def complete(self, upload, parts):
        await again(lambda: complete_multipart_upload(*self.place, upload, parts))


class BufferNotRewound(Writer):
    async def part(self, upload, number, piece):
        return await again(lambda: upload_part(*self.place, upload, number, piece.read()))


class CompletesAfterAFailedPart(Writer):
    async def send(self, upload, body):
        pieces = [body[start : start + PART] for start in range(0, len(body), PART)]
        parts = []
        for number, piece in enumerate(pieces, 1):
            with contextlib.suppress(S3Error):
                parts.append(await self.part(upload, number, io.BytesIO(piece)))
        return parts


class PartOrderWrong(Writer):
    async def send(self, upload, body):
        waiting = [body[start : start + PART] for start in range(0, len(body), PART)]
        parts, failures = [], 0
        while waiting:
            piece = waiting.pop(0)
            try:
                parts.append(await upload_part(*self.place, upload, len(parts) + 1, piece))
            except S3Error:
                failures += 1
                if failures == ATTEMPTS:
                    raise
                waiting.append(piece)
        return parts


class AnyErrorReadAs404(Writer):
    async def write_if_absent(self, body):
        try:
            await self.client.head_object(self.bucket, self.key)
        except S3Error:
            await again(lambda: self.client.put_object(self.bucket, self.key, body))
            return True
        return False


class RetriesWithoutBound(Writer):
    async def part(self, upload, number, piece):
        while True:
            try:
                piece.seek(0)
                return await upload_part(*self.place, upload, number, piece.read())
            except S3Error as error:
                if 400 <= (error.status_code or 500) < 500:
                    raise
                await asyncio.sleep(1)


class NoTimeout(Writer):
    def __init__(self, client):
        import aiohttp

        client._timeout = aiohttp.ClientTimeout(total=None, sock_connect=None, sock_read=None)
        super().__init__(client)


class EtagAndLengthNotChecked(Writer):
    async def read(self):
        response = await self.client._make_request(method="GET", bucket=self.bucket, key=self.key)
        response._verify = False
        return await response.read()


class DeleteErrorsDropped(Writer):
    async def delete(self, *keys):
        await again(lambda: self.client.delete_objects(self.bucket, list(keys)))
