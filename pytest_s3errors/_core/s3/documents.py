"""Reading the XML that clients send, and what goes with the XML that they get."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from pytest_s3errors._core.body import Body
    from pytest_s3errors._core.messages import Refused

    from .ask import Ask

XML = {"Content-Type": "application/xml"}
MAX_XML_BYTES = 1024 * 1024


class _RejectedError(Exception):
    """The document has what S3 takes from nobody."""


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, *_: object) -> None:
        """Stop at the first sign of a DTD: it could declare entities that grow without bound."""
        raise _RejectedError


def parse_xml(ask: Ask, body: Body, root: str) -> ET.Element:
    """Return the document's root, its elements' names stripped of their namespaces.

    Refuses with MalformedXML: over 1 MiB, not well-formed, with a document type, or with a root other than *root*.
    """
    if len(body) > MAX_XML_BYTES:
        raise malformed(ask)
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314 - a DTD, and with it every entity, is refused
    try:
        parser.feed(bytes(body))
        found: ET.Element = parser.close()
    # ValueError and LookupError: an encoding that Python does not have or that expat cannot use.
    except (_RejectedError, ET.ParseError, ValueError, LookupError) as error:
        raise malformed(ask) from error
    for element in found.iter():
        element.tag = element.tag.rpartition("}")[2]
    if found.tag != root:
        raise malformed(ask)
    return found


def malformed(ask: Ask) -> Refused:
    """Return MalformedXML."""
    return ask.refused("MalformedXML")


def text_of(parent: ET.Element, name: str) -> str | None:
    """Return the text of the child *name*, "" where it is empty, None where there is no such child."""
    child = parent.find(name)
    return None if child is None else child.text or ""
