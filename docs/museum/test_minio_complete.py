"""minio takes an error in the answer to CompleteMultipartUpload (a 200) for a success, and nothing was stored."""

import io

import pytest

minio = pytest.importorskip("minio")
PART = 5 * 2**20


@pytest.mark.s3_object("data", "key", b"what was there before")
@pytest.mark.s3_sweep("error_in_200", "CompleteMultipartUpload", "once")
def test_put(s3_store):
    client = minio.Minio("s3.amazonaws.com", "key", "secret", region="us-east-1")
    client.put_object("data", "key", io.BytesIO(b"x" * (PART + 1)), PART + 1, part_size=PART)
    assert s3_store.get("data", "key").size == PART + 1
