"""The smallest parameters with which botocore sends an operation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

NAMED = {
    "Bucket": "bucket",
    "Key": "key",
    "CopySource": "bucket/source",
    "UploadId": "upload",
    "PartNumber": 1,
    "ExpectedBucketOwner": "1" * 12,
    "KMSKeyArn": "arn:aws:kms:us-east-1:111122223333:key/id",
}
VALUES = {
    "string": "text",
    "integer": 1,
    "long": 1,
    "float": 1.0,
    "boolean": True,
    "blob": b"data",
    "timestamp": datetime(2026, 5, 1, tzinfo=UTC),
}


def parameters(service: Any, operation: str) -> dict[str, Any]:
    """Return a value for every parameter that *operation* requires."""
    shape = service.operation_model(operation).input_shape
    return {} if shape is None else value_of(shape)


def value_of(shape: Any, name: str = "") -> Any:
    """Return the smallest valid value of a shape; *name* is the member's."""
    if name in NAMED:
        return NAMED[name]
    if shape.type_name == "structure":
        wanted = shape.required_members or (list(shape.members)[:1] if shape.is_tagged_union else [])
        return {member: value_of(shape.members[member], member) for member in wanted}
    if shape.type_name == "list":
        return [value_of(shape.member)]
    if shape.type_name == "map":
        return {"name": "text"}
    return next(iter(getattr(shape, "enum", ())), VALUES[shape.type_name])
