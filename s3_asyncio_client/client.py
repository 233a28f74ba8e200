"""The client. Every operation goes through its `_make_request`."""

from __future__ import annotations

import functools
import weakref
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn, Self

from yarl import URL

from s3_asyncio_client._body import EMPTY_BODY, NO_BODY, Body, Data, Pieces, open_body
from s3_asyncio_client._core.addressing import (
    build_url,
    canonical_query,
    check_bucket,
    check_headers,
    without_bucket,
)
from s3_asyncio_client._core.errors import MAX_ERROR_BODY, error_from_response
from s3_asyncio_client._core.naming import operation_of
from s3_asyncio_client._core.operations import OBJECT_READS
from s3_asyncio_client._core.signing import Credentials, presign_url, sign_request
from s3_asyncio_client._requests import check_any_target
from s3_asyncio_client._response import S3Response
from s3_asyncio_client._settings import check_endpoint, check_text, checked_traces, client_timeout
from s3_asyncio_client._transport import (
    NETWORK_ERRORS,
    HttpResponse,
    Target,
    check_acknowledged,
    new_session,
    translate,
)
from s3_asyncio_client.buckets import BucketOperations
from s3_asyncio_client.config import load_profile
from s3_asyncio_client.exceptions import S3Error
from s3_asyncio_client.objects import ObjectOperations

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    import aiohttp

__all__ = ["S3Client"]

_FIRST_ERROR_STATUS = 300
# What these methods send without data.
_NO_DATA = dict.fromkeys(("PUT", "POST"), EMPTY_BODY)
# aiohttp gives a body a default Content-Type, which would be stored with the object.
_SKIP_AUTO_HEADERS = ("Content-Type",)

_credentials = functools.lru_cache(Credentials)

# All live clients, so that debugging and test tools can see which endpoints are in use.
_live: weakref.WeakSet[S3Client] = weakref.WeakSet()


class S3Client(BucketOperations, ObjectOperations):
    """An asyncio client for S3 and compatible stores; an async context manager.

    Args:
        access_key: Access key id.
        secret_key: Secret access key; never shown.
        region: Region that requests are signed for.
        endpoint_url: Scheme and host of the service, with an optional port and path. If it starts with "https://s3.",
            buckets become part of the host name, otherwise of the path. Default: S3 of the region.
        session_token: Token of temporary credentials; never shown.
        verify_etag: Whether reads of whole objects are compared with S3's checksum or ETag.
        timeout: Seconds for a whole request, or an aiohttp.ClientTimeout. Default: no limit on the whole, 10 s to
            connect, 60 s between two reads.
        trace_configs: aiohttp.TraceConfigs for the client's session, see `s3_trace_config`.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The region is empty, the endpoint lacks http:// or https:// or has a user or query, or the timeout
            is not positive.
    """

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        region: str = "us-east-1",
        endpoint_url: str | None = None,
        *,
        session_token: str | None = None,
        verify_etag: bool = True,
        timeout: float | aiohttp.ClientTimeout | None = None,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
        for name, value in (("access_key", access_key), ("secret_key", secret_key), ("region", region)):
            check_text(name, value)
        if not region:
            raise ValueError('region is empty; pass a region such as "us-east-1"')
        if session_token is not None:
            check_text("session_token", session_token)
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region
        self.endpoint_url = f"https://s3.{region}.amazonaws.com" if endpoint_url is None else endpoint_url
        check_endpoint(self.endpoint_url)
        self.session_token = session_token
        self.verify_etag = verify_etag
        self._timeout = client_timeout(timeout)
        self._trace_configs = checked_traces(trace_configs)
        self._session: aiohttp.ClientSession | None = None
        self._made: aiohttp.ClientSession | None = None  # `_session` may be replaced; this one is ours to close
        self._closed = False
        self._domain: str | None = None  # the endpoint without the bucket that its host begins with, once that is used
        _live.add(self)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied.

        Raises:
            TypeError: Always. A pickle would contain the keys but no connection.
        """
        raise TypeError("an S3Client holds keys and connections, so it can't be pickled: make one where it is used")

    def __repr__(self) -> str:
        """Show the endpoint and no secret."""
        return f"<S3Client {self.endpoint_url} region={self.region}{' closed' if self._closed else ''}>"

    @classmethod
    def from_aws_config(
        cls,
        profile_name: str = "default",
        config_path: str | os.PathLike[str] | None = None,
        credentials_path: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Return a client configured from the files of the AWS command line.

        Args:
            profile_name: Name of the profile.
            config_path: Default: AWS_CONFIG_FILE or ~/.aws/config.
            credentials_path: Default: AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials.

        Raises:
            ValueError: The profile or one of its keys is missing.
        """
        profile = load_profile(profile_name, config_path, credentials_path)
        return cls(
            profile.access_key,
            profile.secret_key,
            profile.region,
            profile.endpoint_url,
            session_token=profile.session_token,
        )

    async def __aenter__(self) -> Self:
        """Return the client with an open session. A closed client raises RuntimeError."""
        self._check_open()
        self._open_session()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.close()

    async def close(self) -> None:
        """Close all connections. Closing twice does nothing; a request afterwards raises RuntimeError."""
        self._closed = True
        sessions, self._session, self._made = (self._session, self._made), None, None
        for session in sessions:
            if session is not None:
                await session.close()

    def generate_presigned_url(
        self, method: str, bucket: str, key: str | None, expires_in: int = 3600, params: Mapping[str, str] | None = None
    ) -> str:
        """Return a URL that allows its holder to make one kind of request. Nothing is sent.

        Args:
            method: HTTP method, such as "GET".
            bucket: Bucket.
            key: Object key. None: the request is about the bucket, such as a listing.
            expires_in: Seconds until the URL expires, 1 to 604800.
            params: Further query parameters, such as {"response-content-type": "text/plain"}.

        Raises:
            S3InvalidRequestError: The bucket or key is invalid.
            ValueError: *expires_in* is out of range.
        """
        check_any_target(bucket, key)
        return presign_url(
            method=method.upper(),
            url=self._build_url(bucket, key),
            params=params or {},
            credentials=self._credentials(),
            region=self.region,
            now=datetime.now(UTC),
            expires_in=expires_in,
        )

    async def _make_request(
        self,
        *,
        method: str,
        bucket: str,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        data: Data | None = None,
    ) -> S3Response:
        """Make one signed request. Every operation goes through here.

        Args:
            method: HTTP method.
            bucket: Bucket.
            key: Object key. None: the request is about the bucket.
            headers: Headers besides those of the signature.
            params: Query parameters, not encoded.
            data: Body: bytes, a seekable binary file, or an async iterator whose Content-Length is in *headers*.

        Returns:
            The response with its body unread. Close it, or read it to its end.

        Raises:
            RuntimeError: The client is closed.
            TypeError, ValueError, S3InvalidRequestError: An argument cannot be sent.
            S3Error: The status is 300 or more, or there was no usable response; see the subclasses.
        """
        self._check_open()
        check_any_target(bucket, key)
        headers, params = headers or {}, params or {}
        named = headers
        if headers:
            check_headers(headers)
            named = {name.lower(): value for name, value in headers.items()}
        operation = operation_of(method, True, key is not None, params, named) or method  # noqa: FBT003
        target = Target(operation, bucket, key, self.endpoint_url)
        verify = self.verify_etag and operation in OBJECT_READS
        body = await open_body(data, named) if data is not None else _NO_DATA.get(method, NO_BODY)
        try:
            url, signed, content = self._signed(method, target, headers, params, body, verify=verify)
            try:
                answer = await self._open_session().request(
                    method,
                    url,
                    headers=signed,
                    data=content,
                    allow_redirects=False,
                    auto_decompress=False,
                    skip_auto_headers=_SKIP_AUTO_HEADERS if body.headers else None,
                    trace_request_ctx={"s3_target": target},
                )
            except NETWORK_ERRORS as error:
                failure: Exception | None = getattr(content, "failure", None)
                if failure is not None:
                    raise failure from None
                raise translate(error, target) from error
            response = HttpResponse(answer, target, method=method, verify=verify)
            if response.status >= _FIRST_ERROR_STATUS:
                raise await _error(response, target)
            check_acknowledged(response, target)
        finally:
            body.close()
        return response

    def _signed(
        self, method: str, target: Target, headers: dict[str, str], params: dict[str, str], body: Body, *, verify: bool
    ) -> tuple[URL, dict[str, str], bytes | Pieces | None]:
        """Return the URL, the headers and the body to send."""
        url = build_url(self.endpoint_url, target.bucket, target.key)
        self._domain = self._domain or without_bucket(self.endpoint_url, target.bucket)
        credentials, now = self._credentials(), datetime.now(UTC)
        to_sign = {"x-amz-checksum-mode": "ENABLED"} if verify else {}
        if headers:
            to_sign |= {name: value for name, value in headers.items() if name.lower() not in body.replaced}
        to_sign |= body.headers
        signed = sign_request(
            method=method,
            url=url,
            params=params,
            headers=to_sign,
            payload_hash=body.payload_hash,
            credentials=credentials,
            region=self.region,
            now=now,
        )
        content = body.content(signed, credentials, self.region, now)
        # Not signed, since proxies change it. Without it a proxy may compress the body, and no checksum would match.
        signed.setdefault("Accept-Encoding", "identity")
        whole = f"{url}?{canonical_query(params)}" if params else url
        return URL(whole, encoded=True), signed, content

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._made = new_session(self._timeout, self._trace_configs)
        return self._session

    def get_effective_bucket_name(self, bucket: str) -> str:
        """Return *bucket*: a request for it goes to that bucket, even if the endpoint's host starts with another one.

        The package that this client replaces takes the bucket from the endpoint's host instead. Here an endpoint never
        changes the requested bucket.
        """
        check_bucket(bucket)
        return bucket

    def _build_url(self, bucket: str, key: str | None = None) -> str:
        return build_url(self.endpoint_url, bucket, key)

    def _parse_error_response(self, status: int, response_text: str) -> S3Error:
        return error_from_response(status=status, headers={}, body=response_text.encode())

    def _credentials(self) -> Credentials:
        return _credentials(self.access_key, self.secret_key, self.session_token)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this S3Client is closed; make a new one")


async def _error(response: S3Response, target: Target) -> S3Error:
    """Return the error for a response with status 300 or more. If its body breaks, the status alone decides."""
    cut = None
    try:
        body = await response._read_most(MAX_ERROR_BODY)  # noqa: SLF001 - of this package
    except S3Error as error:
        body, cut = b"", error
    result = error_from_response(
        status=response.status,
        headers=response.headers,
        body=body,
        operation=target.operation,
        bucket=target.bucket,
        key=target.key,
        now=datetime.now(UTC),
    )
    if cut is not None:
        result.add_note(f"the document that explains it could not be read: {cut}")
    return result
