"""The code that S3 most often sends with a status, for responses without a body."""

from __future__ import annotations

from types import MappingProxyType

NOT_FOUND = 404

CODE_OF_STATUS = MappingProxyType(
    {
        301: "PermanentRedirect",
        304: "NotModified",
        307: "TemporaryRedirect",
        400: "InvalidRequest",
        403: "AccessDenied",
        405: "MethodNotAllowed",
        409: "OperationAborted",
        411: "MissingContentLength",
        412: "PreconditionFailed",
        416: "InvalidRange",
        500: "InternalError",
        501: "NotImplemented",
        503: "ServiceUnavailable",
    }
)
"""All except 404, whose code depends on what the request names: see `missing_code`."""


def missing_code(*, upload: bool = False, key: bool) -> str:
    """Return the code of a 404 to a request that names an upload, or else a key, or else only a bucket."""
    return "NoSuchUpload" if upload else "NoSuchKey" if key else "NoSuchBucket"
