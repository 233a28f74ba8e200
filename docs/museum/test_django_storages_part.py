"""django-storages completes an upload without the part that failed: a truncated file replaces the old one."""

import pytest

conf = pytest.importorskip("django.conf")
s3 = pytest.importorskip("storages.backends.s3")
PART = 5 * 2**20


@pytest.fixture
def storage():
    if not conf.settings.configured:
        conf.settings.configure()
    return s3.S3Storage(bucket_name="data")


@pytest.mark.s3_object("data", "key", b"what was there before")
@pytest.mark.s3_sweep("AccessDenied", "UploadPart", "once")
def test_write(storage):
    with storage.open("key", "wb") as file:
        for letter in (b"a", b"b"):
            file.write(letter * PART)
