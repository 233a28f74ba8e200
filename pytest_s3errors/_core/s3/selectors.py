"""Selectors: the names in a query that select what a request is about (`?acl`), and how S3 refuses the wrong ones.

A method that the selected resource does not have is MethodNotAllowed, two selectors at once contradict each other, and
a few have a refusal of their own. Source: what brekkylab/backlot measured on S3, selector by selector.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from s3_asyncio_client._core.naming import ALSO_AT_KEYS
from s3_asyncio_client._core.operations import BUCKET, OBJECT, OPERATIONS, SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages import Call

_BY_LEVEL = [
    {row.subresource for row in OPERATIONS.values() if row.level == level} for level in (SERVICE, BUCKET, OBJECT)
]
_SELECTORS = (
    frozenset[str](),
    frozenset((_BY_LEVEL[BUCKET] | {"restore", "torrent", "uploadId"}) - {"", "session"}),
    frozenset((_BY_LEVEL[OBJECT] | ALSO_AT_KEYS | {"logging", "versions"}) - {"", "renameObject"}),
)
# S3's order of the methods in Allow.
_METHODS = ("HEAD", "DELETE", "POST", "GET", "PUT")
# S3's names of resources; the others are the selector in capitals.
_TYPES = {
    "abac": "BUCKET_ABAC",
    "annotation": "OBJECT_ANNOTATIONS",
    "attributes": "OBJECT_ATTRIBUTES",
    "delete": "MULTI_OBJECT_DELETE",
    "legal-hold": "OBJECT_LOCK_LEGALHOLD",
    "logging": "LOGGING_STATUS",
    "metadataAnnotationTable": "BUCKET_METADATA_ANNOTATION_TABLE_CONFIGURATION",
    "metadataConfiguration": "BUCKET_METADATA_CONFIGURATION",
    "metadataInventoryTable": "BUCKET_METADATA_INVENTORY_TABLE_CONFIGURATION",
    "metadataJournalTable": "BUCKET_METADATA_JOURNAL_TABLE_CONFIGURATION",
    "metadataTable": "BUCKET_METADATA_TABLE_CONFIGURATION",
    "object-lock": "OBJECT_LOCK_CONFIGURATION",
    "policy": "BUCKETPOLICY",
    "retention": "OBJECT_LOCK_RETENTION",
    "uploadId": "UPLOAD",
    "versions": "BUCKETVERSIONS",
}
_OF_OBJECTS = {"encryption": "OBJECT_ENCRYPTION", "tagging": "OBJECT_TAGGING"}
_WORD = re.compile("(?<=[a-z])(?=[A-Z])")


def _level(call: Call) -> int:
    return SERVICE if call.bucket is None else BUCKET if call.key is None else OBJECT


def selected(call: Call) -> list[str]:
    """Return the selectors in the query that S3 looks at, in the order in which it names them."""
    known = _SELECTORS[_level(call)]
    return sorted(name for name in call.query if name in known)


def is_known_form(call: Call) -> bool:
    """Return whether it is known how S3 refuses *call*, which is no operation."""
    nowhere = all(names.isdisjoint(call.query) for names in _BY_LEVEL)
    return call.bucket is None or nowhere or bool(selected(call))


def resource_type(call: Call) -> str:
    """Return S3's name of the resource that *call* is about."""
    level = _level(call)
    names = selected(call)
    if not names:
        return ("SERVICE", "BUCKET", "OBJECT")[level]
    if "partNumber" in call.query and names == ["uploadId"]:
        return "PART"
    own = _OF_OBJECTS if level == OBJECT else {}
    return own.get(names[0]) or _TYPES.get(names[0]) or _WORD.sub("_", names[0]).replace("-", "_").upper()


def allowed(call: Call) -> str:
    """Return the methods that the resource of *call* has, as in the header Allow."""
    return ", ".join(sorted(set(_allowed(call)), key=_METHODS.index))


def _allowed(call: Call) -> Iterator[str]:
    level, names = _level(call), selected(call)
    name = names[0] if names else ""
    # The uploads of a bucket and of a key are one resource, and so is what both addresses serve.
    anywhere = name == "uploads" or name not in _BY_LEVEL[level]
    part = resource_type(call) == "PART"
    for row in OPERATIONS.values():
        if row.subresource != name or row.method not in _METHODS or not (anywhere or row.level == level):
            continue
        if name != "uploadId" or part == (row.method == "PUT"):
            yield row.method
