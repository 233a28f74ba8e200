"""django-storages stores what was written so far when the code in the `with` block raises."""

import pytest

conf = pytest.importorskip("django.conf")
s3 = pytest.importorskip("storages.backends.s3")


@pytest.fixture
def storage():
    if not conf.settings.configured:
        conf.settings.configure()
    return s3.S3Storage(bucket_name="data")


@pytest.mark.s3_object("data", "a", b"first half")
@pytest.mark.s3_object("data", "b", b"second half")
@pytest.mark.s3_sweep("AccessDenied", "GetObject", "once")
def test_concatenate(storage):
    with storage.open("both", "wb") as file:
        for name in ("a", "b"):
            file.write(storage.open(name).read())
