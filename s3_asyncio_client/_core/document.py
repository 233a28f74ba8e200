"""The only parser for XML documents from servers."""

from __future__ import annotations

import xml.etree.ElementTree as ET


def parse_document(body: bytes | str) -> ET.Element:
    """Return the root of a document, with element names stripped of their namespaces.

    S3 and compatible servers disagree about namespaces, and S3 pads slow responses with white space, even where XML
    allows none (before the prolog).

    Args:
        body: The whole document. Bytes are UTF-8, with or without a byte order mark.

    Raises:
        ValueError: It is not well-formed XML in UTF-8, or it has a DOCTYPE, which S3 never sends.
    """
    text = (body if isinstance(body, str) else body.decode("utf-8")).lstrip("\ufeff \t\r\n")
    if "<!DOCTYPE" in text:
        raise ValueError("the document declares a DOCTYPE")
    try:
        root = ET.fromstring(text)  # noqa: S314 - no DOCTYPE, so no entity to expand
    except ET.ParseError as error:
        raise ValueError(f"the document is not well-formed XML: {error}") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
