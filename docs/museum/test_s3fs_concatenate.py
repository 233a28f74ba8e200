"""s3fs stores what was written so far when the code in the `with` block raises: half of a file looks like a file."""

import pytest

s3fs = pytest.importorskip("s3fs")


@pytest.mark.s3_object("data", "a", b"first half")
@pytest.mark.s3_object("data", "b", b"second half")
@pytest.mark.s3_sweep("AccessDenied", "GetObject", "once")
def test_concatenate():
    files = s3fs.S3FileSystem()
    with files.open("data/both", "wb") as file:
        file.write(files.cat("data/a"))
        file.write(files.cat("data/b"))
