"""Read the XML that clients send, and the headers for the XML that they get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias
from xml.etree import ElementTree as ET

from pytest_s3errors._core.s3.errors.envelope import Children, document

from .messages import EMPTY, Response

if TYPE_CHECKING:
    from pytest_s3errors._core.body import Body

    from .request import S3Request

XML = {"Content-Type": "application/xml"}

Elements: TypeAlias = list[tuple[str, str | Children]]
"""Children of a document in the making."""

MAX_XML_BYTES = 2 * 1024 * 1024
"""Enough for 10,000 parts with checksums; S3's own limits, which differ by operation, are not published."""

_MAX_ELEMENTS = 100_000
_MAX_DEPTH = 16


def xml_response(root: str, children: str | Children, headers: Mapping[str, str] = EMPTY) -> Response:
    """Return a success with a document, see `envelope.document`, and *headers* besides its type."""
    return Response(status=200, headers={**XML, **headers}, body=document(root, children))


class DocumentError(Exception):
    """The bytes are not a document that S3 accepts."""


class _Bounded(ET.TreeBuilder):
    """Build the trees that S3's documents can have, and stop at anything else before it takes memory."""

    def __init__(self) -> None:
        super().__init__()
        self._left, self._depth = _MAX_ELEMENTS, 0

    def start(self, tag: str, attributes: dict[str, str]) -> ET.Element:
        """Open an element, unless there are too many or they are nested too deep."""
        self._left -= 1
        self._depth += 1
        if self._left < 0 or self._depth > _MAX_DEPTH:
            raise DocumentError
        return super().start(tag, attributes)

    def end(self, tag: str) -> ET.Element:
        """Close an element."""
        self._depth -= 1
        return super().end(tag)

    def doctype(self, *_: object) -> None:
        """Stop at the first sign of a DTD: it could declare entities that grow without bound."""
        raise DocumentError


def parse_xml(ask: S3Request, body: Body, root: str) -> ET.Element:
    """Return the document's root as `parse_any` does. A root other than *root* is MalformedXML too."""
    found = parse_any(ask, body)
    if found.tag != root:
        raise ask.refused("MalformedXML")
    return found


def parse_any(ask: S3Request, body: Body) -> ET.Element:
    """Return the document's root, with element names stripped of their namespaces.

    Refuse with MaxMessageLengthExceeded a document over 2 MiB. Refuse with MalformedXML one that is not well-formed,
    has a document type, has over 100,000 elements, or is nested more than 16 deep.
    """
    if len(body) > MAX_XML_BYTES:
        raise ask.refused("MaxMessageLengthExceeded", elements={"MaxMessageLengthBytes": str(MAX_XML_BYTES)})
    try:
        return read_xml(bytes(body))
    except DocumentError as error:
        raise ask.refused("MalformedXML") from error


def read_xml(document: bytes) -> ET.Element:
    """Return the root of any *document*, with element names stripped of their namespaces.

    Raises:
        DocumentError: It is not well-formed, has a document type, or exceeds the limits of size or depth.
    """
    if len(document) > MAX_XML_BYTES:
        raise DocumentError
    parser = ET.XMLParser(target=_Bounded())  # noqa: S314 - a DTD, and with it every entity, is refused
    try:
        parser.feed(document)
        found: ET.Element = parser.close()
    # ValueError and LookupError: an encoding that Python lacks or that expat can't use.
    except (ET.ParseError, ValueError, LookupError) as error:
        raise DocumentError from error
    for element in found.iter():
        element.tag = element.tag.rpartition("}")[2]
    return found


def text_of(parent: ET.Element, name: str) -> str | None:
    """Return the text of the child *name*, "" if it is empty. None: there is no such child."""
    child = parent.find(name)
    return None if child is None else child.text or ""
