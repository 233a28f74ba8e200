"""Clear what a client caches from one test's S3, so that the next test does not see it.

s3fs keeps one instance for each set of arguments, with all its listings.
"""

from __future__ import annotations

import sys
from typing import Any


def forget_listings() -> None:
    """Clear the listings of every live s3fs file system, and make the next test create its own."""
    file_system: Any = getattr(sys.modules.get("s3fs"), "S3FileSystem", None)
    if file_system is None:
        return
    for instance in tuple(getattr(file_system, "_cache", {}).values()):
        instance.invalidate_cache()
    file_system.clear_instance_cache()
