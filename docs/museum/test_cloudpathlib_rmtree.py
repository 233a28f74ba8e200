"""cloudpathlib looks at the status of DeleteObjects, not at the errors in it: rmtree returns, the objects are there."""

import pytest

cloudpathlib = pytest.importorskip("cloudpathlib")


@pytest.mark.s3_object("data", "folder/a", b"1")
@pytest.mark.s3_object("data", "folder/b", b"2")
@pytest.mark.s3_sweep("partial_delete", modes="once")
def test_rmtree(s3_store):
    cloudpathlib.S3Client().CloudPath("s3://data/folder").rmtree()
    assert s3_store.keys("data") == []
