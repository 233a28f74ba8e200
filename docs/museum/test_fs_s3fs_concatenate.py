"""fs-s3fs uploads what was written so far when the code in the `with` block raises."""

import pytest

fs_s3fs = pytest.importorskip("fs_s3fs")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.s3_object("data", "a", b"first half")
@pytest.mark.s3_object("data", "b", b"second half")
@pytest.mark.s3_sweep("AccessDenied", "GetObject", "once")
def test_concatenate():
    files = fs_s3fs.S3FS("data", aws_access_key_id="key", aws_secret_access_key="secret", strict=False)
    with files.openbin("both", "w") as file:
        file.write(files.readbytes("a"))
        file.write(files.readbytes("b"))
