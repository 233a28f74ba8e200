"""What a client keeps of one test's S3 and would tell the next test.

s3fs has one instance for each set of arguments, with all that it listed.
"""

from __future__ import annotations

import sys
from typing import Any


def forget_listings() -> None:
    """Let every living s3fs file system forget what it listed, and the next test make one of its own."""
    file_system: Any = getattr(sys.modules.get("s3fs"), "S3FileSystem", None)
    if file_system is None:
        return
    for instance in tuple(getattr(file_system, "_cache", {}).values()):
        instance.invalidate_cache()
    file_system.clear_instance_cache()
