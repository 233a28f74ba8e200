"""The two CRCs that the standard library lacks, with and without awscrt."""

from __future__ import annotations

import awscrt.checksums
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.body import PIECE_BYTES, pattern
from pytest_s3errors._core.s3 import crc


@pytest.fixture(params=["awscrt", "alone"])
def way(request, monkeypatch):
    """Compute with awscrt, or as where it is not installed."""
    if request.param == "alone":
        monkeypatch.setattr(crc, "native", lambda: None)


def test_known_values(way):
    """Both are those that their standards give for the digits 1 to 9, whoever works them out."""
    assert crc.crc32c(b"123456789").hex() == "e3069283"
    assert crc.crc64nvme(b"123456789").hex() == "ae8b14860a799888"
    assert crc.crc32c(b"") == bytes(4)


@given(st.binary(max_size=300))
def test_awscrt_agrees(data):
    """A judge that we did not write finds the same for any bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crc, "native", lambda: None)
        assert int.from_bytes(crc.crc32c(data)) == awscrt.checksums.crc32c(data)
        assert int.from_bytes(crc.crc64nvme(data)) == awscrt.checksums.crc64nvme(data)


def test_pieces_are_one_body():
    """A body that comes in several pieces has the sum of the whole."""
    data = bytes(pattern(PIECE_BYTES + 100, 1))
    assert int.from_bytes(crc.crc32c(data)) == awscrt.checksums.crc32c(data)
