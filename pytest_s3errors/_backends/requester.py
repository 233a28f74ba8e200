"""The plugin's own requests to the backend, and how their answers are read."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import quote
from xml.etree import ElementTree as ET

from pytest_s3errors._core.body import Body
from pytest_s3errors._core.s3.attributes import KEPT, META
from pytest_s3errors._core.s3.backend import BackendError
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.digests import CHECKSUM
from pytest_s3errors._core.s3.forward import text_of
from pytest_s3errors._core.s3.messages import Call, Response
from pytest_s3errors._core.s3.records import DEFAULT_CONTENT_TYPE, StoredObject

_HOST = "s3.amazonaws.com"
_SUCCESSES = range(200, 300)


class Ask(Protocol):
    """Sends one request to the other S3."""

    def __call__(self, call: Call, body: Body, /) -> Response:
        """Return its answer. Raise BackendError if there is none."""


class Asking:
    """Sends requests to the S3 called *name* with *ask*."""

    def __init__(self, name: str, ask: Ask) -> None:
        self.name = name
        self._ask = ask

    def request(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body = b"",
    ) -> Response:
        """Send one request and return its answer, whatever its status."""
        __tracebackhide__ = True
        target = "/" + "/".join(quote(name) for name in (bucket, key) if name)
        asked = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in (query or {}).items())
        call = parse_call(method=method, target=f"{target}?{asked}", headers=headers or {}, host=_HOST)
        return self._ask(call, body)

    def done(
        self, method: str, bucket: str = "", key: str = "", *, allowed: Container[str | None] = (), **request: Any
    ) -> Response:
        """Send one request that has to succeed, or to fail with a code of *allowed*.

        Raises:
            BackendError: It does neither.
        """
        __tracebackhide__ = True
        reply = self.request(method, bucket, key, **request)
        if reply.status not in _SUCCESSES and reply.code not in allowed:
            what = "/".join(filter(None, (bucket, key))) or "the service"
            said = " ".join(filter(None, (str(reply.status), reply.code)))
            raise BackendError(f"{self.name} (ini s3_backend) answered {said} to {method} {what}")
        return reply

    def pages(
        self,
        bucket: str,
        key: str = "",
        *,
        query: Mapping[str, str],
        following: Mapping[str, str],
        allowed: Container[str | None] = (),
    ) -> Iterator[ET.Element]:
        """Each page of a listing; none where it is refused with a code of *allowed*.

        *following* maps elements of a page to the parameters by which they ask for the next one.
        """
        asked = dict(query)
        while True:
            reply = self.done("GET", bucket, key, query=asked, allowed=allowed)
            if reply.code is not None:
                return
            page = document(reply)
            yield page
            found = {name: page.findtext(element) for element, name in following.items()}
            after = asked | {name: text for name, text in found.items() if text}
            if page.findtext("IsTruncated") != "true" or after == asked:
                return
            asked = after


def document(reply: Response) -> ET.Element:
    """Return the answer's XML document without namespaces; an empty one if there is none."""
    try:
        root = ET.fromstring(bytes(reply.body))  # noqa: S314 - of moto or of the user's own server
    except ET.ParseError:
        return ET.Element("Nothing")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def stored(bucket: str, key: str, reply: Response) -> StoredObject:
    """Return the object in the answer to a read, without its tags and parts."""
    headers = {name.lower(): text_of(value) for name, value in reply.headers.items()}
    return StoredObject(
        bucket=bucket,
        key=key,
        content=reply.body,
        etag=headers.get("etag", "").strip('"'),
        last_modified=_moment(headers.get("last-modified")),
        content_type=headers.get("content-type", DEFAULT_CONTENT_TYPE),
        metadata=MappingProxyType(dict(_after(META, headers))),
        headers=MappingProxyType({name: value for name, value in headers.items() if name in KEPT}),
        checksums=MappingProxyType({name: value for name, value in _after(CHECKSUM, headers) if name != "type"}),
        checksum_type=headers.get(f"{CHECKSUM}type", "FULL_OBJECT"),
        version_id=headers.get("x-amz-version-id"),
    )


def marker(bucket: str, key: str, listed: ET.Element) -> StoredObject:
    """Return the delete marker that a listing describes by *listed*."""
    return StoredObject(
        bucket=bucket,
        key=key,
        content=b"",
        etag="",
        last_modified=datetime.fromisoformat(listed.findtext("LastModified") or "1970-01-01T00:00:00Z"),
        version_id=listed.findtext("VersionId"),
        delete_marker=True,
    )


def _after(prefix: str, headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name.removeprefix(prefix), value) for name, value in headers.items() if name.startswith(prefix))


def _moment(text: str | None) -> datetime:
    try:
        return parsedate_to_datetime(text or "").astimezone(UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
