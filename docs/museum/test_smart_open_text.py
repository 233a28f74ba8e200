"""smart_open stores a text file as far as it was written when the code in the `with` block raises."""

import pytest

smart_open = pytest.importorskip("smart_open")


@pytest.mark.s3_object("data", "a", b"first half")
@pytest.mark.s3_object("data", "b", b"second half")
@pytest.mark.s3_sweep("AccessDenied", "GetObject", "once")
def test_concatenate():
    with smart_open.open("s3://data/both", "w") as file:
        for name in ("a", "b"):
            with smart_open.open(f"s3://data/{name}") as half:
                file.write(half.read())
