"""s3fs does not look at the errors in the answer to DeleteObjects: rm returns, and the objects are still there."""

import pytest

s3fs = pytest.importorskip("s3fs")


@pytest.mark.s3_object("data", "folder/a", b"1")
@pytest.mark.s3_object("data", "folder/b", b"2")
@pytest.mark.s3_sweep("partial_delete", modes="once")
def test_rm(s3_store):
    s3fs.S3FileSystem().rm("data/folder", recursive=True)
    assert s3_store.keys("data") == []
