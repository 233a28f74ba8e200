"""luigi does not look at the errors in the answer to DeleteObjects: remove returns True, and the objects are there."""

import pytest

s3 = pytest.importorskip("luigi.contrib.s3")


@pytest.mark.s3_object("data", "folder/a", b"1")
@pytest.mark.s3_object("data", "folder/b", b"2")
@pytest.mark.s3_sweep("partial_delete", modes="once")
def test_remove(s3_store):
    if s3.S3Client(aws_access_key_id="key", aws_secret_access_key="secret").remove("s3://data/folder"):
        assert s3_store.keys("data") == []
