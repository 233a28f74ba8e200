"""Find the S3 operation of a request.

S3 distinguishes operations by method, by what the address names (service, bucket or object) and by the subresource in
the query (`?uploads`, `?acl`). So the rows of `operations` are compiled into one small dict per method and level, with
one lookup per name in the query. A few neighbors differ only by one more parameter or header. Other parameters
(`prefix`, `x-id`, `response-*`, `X-Amz-*`) are in no table and change nothing.

Where S3 itself looks at a subresource that belongs to the other level was measured for brekkylab/backlot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3_asyncio_client._core.operations import BUCKET, OBJECT, OPERATIONS, SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def operation_of(
    method: str,
    has_bucket: bool,  # noqa: FBT001 - called for every request; keywords would cost as much as the look-up
    has_key: bool,  # noqa: FBT001
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> str | None:
    """Return S3's name of the operation. None: S3 has no operation of that form.

    Args:
        method: HTTP method in upper case.
        has_bucket: Whether the address names a bucket.
        has_key: Whether it names a key.
        query: Decoded names to values; a bare `?uploads` maps to "".
        headers: Names in lower case.
    """
    levels = _LEVELS.get(method)
    if levels is None:
        return None
    operations = levels[OBJECT if has_key else BUCKET if has_bucket else SERVICE]
    operation = operations[""]
    for name in query:
        if name in operations:
            operation = operations[name]
            break
    neighbor = _NEIGHBORS.get(operation)
    if neighbor is None:
        return operation
    name, in_header, wanted, other = neighbor
    value = headers.get(name) if in_header else query.get(name)
    if value is None:
        return operation
    fits = value == wanted or not wanted or (wanted[-1] == "*" and value.startswith(wanted[:-1]))
    return other if fits else operation


def _levels(method: str) -> tuple[dict[str, str | None], ...]:
    """Return for each level the operations of *method* by subresource; "" is the plain request's.

    A subresource that only other methods have maps to None: S3 has no such operation (DELETE ?acl). It must not count
    as the plain operation, which might delete the object.
    """
    known = {row.subresource for row in OPERATIONS.values()}
    ignored = _IGNORED if method in {"GET", "HEAD"} else {}
    levels: tuple[dict[str, str | None], ...] = (
        {"": None},
        dict.fromkeys({"", *known} - ignored.get(BUCKET, frozenset())),
        dict.fromkeys({"", *known} - ignored.get(OBJECT, frozenset())),
    )
    for row in OPERATIONS.values():
        if row.method == method and not (row.parameter or row.header):
            levels[row.level][row.subresource] = row.name
            if row.subresource in ALSO_AT_KEYS:
                levels[OBJECT][row.subresource] = row.name
    return levels


def _neighbors() -> Iterator[tuple[str | None, tuple[str, bool, str, str]]]:
    """Yield an operation with each distinguishing parameter or header: kind, name, value, and the new operation."""
    for row in OPERATIONS.values():
        if by := row.parameter or row.header:
            name, _, wanted = by.partition("=")
            yield _LEVELS[row.method][row.level][row.subresource], (name, bool(row.header), wanted, row.name)


ALSO_AT_KEYS = frozenset(
    {"accelerate", "cors", "delete", "inventory", "lifecycle", "location", "notification", "policy", "replication"}
    | {"requestPayment", "versioning", "website"}
)
"""Subresources of a bucket that S3 serves at the address of a key, too: the bucket's, whatever the key."""

# Those that a read at the other level's address does not look at.
_IGNORED = {
    BUCKET: frozenset(["annotation", "attributes", "legal-hold", "renameObject", "retention", "select", "session"]),
    OBJECT: frozenset(
        {"abac", "analytics", "intelligent-tiering", "metadataConfiguration", "metadataTable", "metrics", "object-lock"}
        | {"ownershipControls", "policyStatus", "publicAccessBlock", "renameObject", "session"}
    ),
}
_LEVELS = {method: _levels(method) for method in {row.method for row in OPERATIONS.values()}}
# A browser asks before any request, whatever else the address names.
_PREFLIGHT: dict[str, str | None] = {"": "CORSPreflight"}
_LEVELS["OPTIONS"] = (_PREFLIGHT, _PREFLIGHT, _PREFLIGHT)
_NEIGHBORS = dict(_neighbors())
