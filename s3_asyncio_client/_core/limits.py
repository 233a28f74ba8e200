"""The limits of S3, each once. Source: S3 User Guide and API Reference."""

from __future__ import annotations

from typing import Final

MAX_KEY_BYTES: Final = 1024
"""A key in UTF-8."""

MAX_METADATA_BYTES: Final = 2048
"""An object's user metadata, names and values in UTF-8."""

MAX_HEADER_SECTION_BYTES: Final = 8192
"""A request's line and headers."""

MAX_UPLOAD_BYTES: Final = 5 * 1024**3
"""The body of one request, so a part too, and the source of a copy."""

MIN_PART_BYTES: Final = 5 * 1024**2
"""A part that is not the last one."""

MAX_PARTS: Final = 10_000
"""The parts of an upload, and the highest part number."""

MAX_OBJECT_BYTES: Final = 50 * 1024**4
"""An object."""

MAX_PAGE: Final = 1000
"""Entries in a page of a listing, and keys in one DeleteObjects."""

MAX_OBJECT_TAGS: Final = 10
MAX_BUCKET_TAGS: Final = 50

MAX_SKEW_S: Final = 900
"""Seconds between the clock of a signer and that of S3."""
