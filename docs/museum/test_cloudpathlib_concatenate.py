"""cloudpathlib uploads what was written so far when the code in the `with` block raises."""

import pytest

cloudpathlib = pytest.importorskip("cloudpathlib")


@pytest.mark.s3_object("data", "a", b"first half")
@pytest.mark.s3_object("data", "b", b"second half")
@pytest.mark.s3_sweep("AccessDenied", "GetObject", "once")
def test_concatenate():
    bucket = cloudpathlib.S3Client().CloudPath("s3://data")
    with (bucket / "both").open("wb") as file:
        file.write((bucket / "a").read_bytes())
        file.write((bucket / "b").read_bytes())
