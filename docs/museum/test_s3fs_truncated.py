"""s3fs completes an upload although a part failed in between: a truncated object takes the place of the old one."""

import pytest

s3fs = pytest.importorskip("s3fs")
PART = 5 * 2**20


@pytest.mark.s3_object("data", "key", b"what was there before")
@pytest.mark.s3_sweep("AccessDenied", "UploadPart", "once")
def test_write():
    with s3fs.S3FileSystem().open("data/key", "wb", block_size=PART) as file:
        file.write(b"x" * PART)
        file.write(b"end")
