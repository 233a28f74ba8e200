"""Operations on buckets and their listings."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from s3_asyncio_client._core import xml
from s3_asyncio_client._core.addressing import check_bucket, check_key, check_new_bucket
from s3_asyncio_client._core.limits import MAX_PAGE
from s3_asyncio_client._requests import Requester, close, finish, merged_headers
from s3_asyncio_client.exceptions import S3ResponseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from xml.etree.ElementTree import Element

__all__ = ["BucketOperations"]


class BucketOperations(Requester):
    """The bucket operations of S3Client."""

    region: str

    async def create_bucket(
        self,
        bucket: str,
        region: str | None = None,
        acl: str | None = None,
        grant_full_control: str | None = None,
        grant_read: str | None = None,
        grant_read_acp: str | None = None,
        grant_write: str | None = None,
        grant_write_acp: str | None = None,
        object_lock_enabled: bool | None = None,  # noqa: FBT001 - positional in the published signature
        object_ownership: str | None = None,
        location_type: str | None = None,
        location_name: str | None = None,
        bucket_type: str | None = None,
        data_redundancy: str | None = None,
    ) -> dict[str, Any]:
        """Create a bucket.

        Args:
            bucket: Name. The rules for new buckets are checked before anything is sent.
            region: The bucket's region. Default: the client's region.
            acl: Canned ACL, such as "private".
            grant_full_control: Grantees, as in 'id="..."'; likewise the next four.
            grant_read: See *grant_full_control*.
            grant_read_acp: See *grant_full_control*.
            grant_write: See *grant_full_control*.
            grant_write_acp: See *grant_full_control*.
            object_lock_enabled: Whether objects can be locked.
            object_ownership: "BucketOwnerEnforced", "BucketOwnerPreferred" or "ObjectWriter".
            location_type: "AvailabilityZone" or "LocalZone", for directory buckets.
            location_name: Its id.
            bucket_type: "Directory" for a directory bucket.
            data_redundancy: Such as "SingleAvailabilityZone".

        Returns:
            location: The Location header, such as "/bucket".

        Raises:
            S3InvalidRequestError: The name is not a valid bucket name.
            S3ClientError: 409 BucketAlreadyExists or BucketAlreadyOwnedByYou, among others.
        """
        directory = bucket_type == "Directory"
        check_new_bucket(bucket, directory=directory)
        # A directory bucket is in a zone, which its location names. S3 refuses a region in addition.
        constraint = region if location_name or location_type else region or self.region
        document = xml.build_create_bucket(constraint, location_type, location_name, bucket_type, data_redundancy)
        headers = merged_headers(
            {
                "x-amz-acl": acl,
                "x-amz-grant-full-control": grant_full_control,
                "x-amz-grant-read": grant_read,
                "x-amz-grant-read-acp": grant_read_acp,
                "x-amz-grant-write": grant_write,
                "x-amz-grant-write-acp": grant_write_acp,
                "x-amz-bucket-object-lock-enabled": None
                if object_lock_enabled is None
                else str(object_lock_enabled).lower(),
                "x-amz-object-ownership": object_ownership,
                "Content-Type": None if document is None else "application/xml",
            }
        )
        response = await self._make_request(method="PUT", bucket=bucket, headers=headers or None, data=document)
        await finish(response, bucket=bucket)
        return {"location": response.headers.get("Location")}

    async def delete_bucket(self, bucket: str) -> dict[str, Any]:
        """Delete an empty bucket.

        Returns:
            An empty dict.

        Raises:
            S3NotFoundError: No such bucket.
            S3ClientError: 409 BucketNotEmpty.
        """
        check_bucket(bucket)
        response = await self._make_request(method="DELETE", bucket=bucket)
        await finish(response, bucket=bucket)
        return {}

    async def head_bucket(self, bucket: str) -> dict[str, Any]:
        """Check that a bucket exists and may be used.

        Returns:
            region: The bucket's region, None if the server does not say.

        Raises:
            S3NotFoundError: No such bucket.
            S3AccessDeniedError: It exists and belongs to another account.
        """
        check_bucket(bucket)
        response = await self._make_request(method="HEAD", bucket=bucket)
        await finish(response, bucket=bucket)
        return {"region": response.headers.get("x-amz-bucket-region")}

    async def list_objects(
        self,
        bucket: str,
        prefix: str | None = None,
        max_keys: int = 1000,
        continuation_token: str | None = None,
        *,
        delimiter: str | None = None,
        start_after: str | None = None,
    ) -> dict[str, Any]:
        """List one page of a bucket, in the order of the keys' UTF-8 bytes.

        Args:
            bucket: Bucket.
            prefix: Only keys that begin with it.
            max_keys: The maximum number of entries, 0 or more. S3 returns at most 1000.
            continuation_token: next_continuation_token of the previous page.
            delimiter: Keys with it after the prefix are rolled up into common_prefixes.
            start_after: Only keys after this one.

        Returns:
            objects: a list of dicts with key, last_modified (ISO 8601), etag (without quotes), size (bytes),
            storage_class; is_truncated; next_continuation_token (None on the last page); prefix; max_keys; and
            common_prefixes if a delimiter was given.

        Raises:
            ValueError: *max_keys* is negative.
            S3NotFoundError: No such bucket.
            S3ResponseError: The response is not a listing.
        """
        optional = {"delimiter": delimiter, "start-after": start_after}
        return await self._page(bucket, prefix, max_keys, continuation_token, optional)

    async def iter_objects(
        self, bucket: str, prefix: str | None = None, *, start_after: str | None = None, page_size: int = MAX_PAGE
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield all objects of a bucket, page by page, as the dicts of `list_objects`.

        This also works for keys with characters that XML cannot contain. The exceptions are those of `list_objects`.

        Raises:
            ValueError: *page_size* is below 1.
        """
        if page_size < 1:
            raise ValueError(f"page_size must be at least 1, got {page_size}")
        token: str | None = None
        while True:
            # With a token S3 ignores start-after.
            optional = {"encoding-type": "url", "start-after": start_after if token is None else None}
            page = await self._page(bucket, prefix, page_size, token, optional)
            for entry in page["objects"]:
                yield entry
            token = page["next_continuation_token"]
            if not page["is_truncated"]:
                return
            if token is None:  # stopping here would present part of the listing as the whole
                raise S3ResponseError(
                    "the listing goes on, but the page has no NextContinuationToken",
                    operation="ListObjectsV2",
                    bucket=bucket,
                )

    async def _page(
        self, bucket: str, prefix: str | None, max_keys: int, token: str | None, optional: dict[str, str | None]
    ) -> dict[str, Any]:
        check_bucket(bucket)
        if isinstance(max_keys, bool) or not isinstance(max_keys, int):
            raise TypeError(f"max_keys must be an int, not {type(max_keys).__name__}")
        if max_keys < 0:
            raise ValueError(f"max_keys must be 0 or more, got {max_keys}")
        asked = {"prefix": prefix, "continuation-token": token, **optional}
        params = {"list-type": "2", "max-keys": str(max_keys), **{n: v for n, v in asked.items() if v}}
        response = await self._make_request(method="GET", bucket=bucket, params=params)
        try:
            root = xml.parse_result(await response.text(), operation="ListObjectsV2", bucket=bucket)
        finally:
            await close(response)
        listing = xml.parse_listing(root)
        page = {
            "objects": listing.objects,
            "is_truncated": listing.is_truncated,
            "next_continuation_token": listing.next_token,
            "prefix": prefix,
            "max_keys": max_keys,
        }
        return page | {"common_prefixes": listing.prefixes} if optional.get("delimiter") else page

    async def delete_objects(self, bucket: str, keys: Iterable[str], *, quiet: bool = False) -> dict[str, Any]:
        """Delete many objects, 1000 per request. Missing keys count as deleted.

        Args:
            bucket: Bucket.
            keys: Keys; none makes no request.
            quiet: True: S3 only names the keys that it could not delete.

        Returns:
            deleted: a list of dicts with key, version_id, delete_marker (bool); errors: a list of dicts with key, code,
            message, version_id. Check errors: S3 responds 200 even if it deleted nothing.

        Raises:
            S3InvalidRequestError: An empty or unsendable key.
        """
        check_bucket(bucket)
        if isinstance(keys, str):
            raise TypeError("keys must be a list of keys, not one str; pass [key]")
        wanted = list(keys)
        for key in wanted:
            check_key(key)
        result: dict[str, Any] = {"deleted": [], "errors": []}
        for start in range(0, len(wanted), MAX_PAGE):
            root = await self._delete(bucket, wanted[start : start + MAX_PAGE], quiet=quiet)
            result["deleted"] += [_deleted(element) for element in root.findall("Deleted")]
            result["errors"] += [_failed(element) for element in root.findall("Error")]
        return result

    async def _delete(self, bucket: str, keys: list[str], *, quiet: bool) -> Element:
        document = xml.build_delete(keys, quiet=quiet)
        digest = base64.b64encode(hashlib.md5(document, usedforsecurity=False).digest()).decode()
        response = await self._make_request(
            method="POST",
            bucket=bucket,
            params={"delete": ""},
            headers={
                "Content-Type": "application/xml",
                "Content-MD5": digest,
                "Content-Length": str(len(document)),
            },
            data=document,
        )
        try:
            return xml.parse_result(await response.text(), operation="DeleteObjects", bucket=bucket)
        finally:
            await close(response)


def _deleted(element: Element) -> dict[str, Any]:
    return {
        "key": xml.text(element, "Key"),
        "version_id": xml.text(element, "VersionId") or None,
        "delete_marker": xml.text(element, "DeleteMarker") == "true",
    }


def _failed(element: Element) -> dict[str, Any]:
    return {
        "key": xml.text(element, "Key"),
        "code": xml.text(element, "Code"),
        "message": xml.text(element, "Message"),
        "version_id": xml.text(element, "VersionId") or None,
    }
