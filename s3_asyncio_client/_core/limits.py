"""The limits of S3, each once. Source: S3 User Guide and API Reference."""

from __future__ import annotations

from typing import Final

MAX_KEY_BYTES: Final = 1024
"""Of a key in UTF-8."""

MAX_METADATA_BYTES: Final = 2048
"""Of a user's metadata, names and values in UTF-8."""

MAX_HEADER_SECTION_BYTES: Final = 8192
"""Of a request's line and headers."""

MAX_UPLOAD_BYTES: Final = 5 * 1024**3
"""Of a body in one request, so of a part too, and of a copy's source."""

MIN_PART_BYTES: Final = 5 * 1024**2
"""Of a part that is not the last one."""

MAX_PARTS: Final = 10_000
"""Of an upload, and the highest part number."""

MAX_OBJECT_BYTES: Final = 50 * 1024**4
"""Of an object."""

MAX_PAGE: Final = 1000
"""Entries in a page of a listing, and keys in one DeleteObjects."""

MAX_OBJECT_TAGS: Final = 10
MAX_BUCKET_TAGS: Final = 50

MAX_SKEW_S: Final = 900
"""Seconds between the clock of a signer and that of S3."""
