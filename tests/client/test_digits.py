"""Whole numbers in headers, queries and documents."""

from __future__ import annotations

import pytest

from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._response import promised_length


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 19, 10**19 - 1)])
def test_digits_are_a_number(text, number):
    """Leading zeros are some, too."""
    assert whole_number(text) == number


@pytest.mark.parametrize(
    "text", [None, "", "+1", "-1", " 1", "1_0", "1.0", "1e3", "0x1", "\N{ARABIC-INDIC DIGIT ONE}", "²", "9" * 20]
)
def test_nothing_else_is(text):
    """What `int` takes and HTTP does not, and what `str.isdigit` takes and `int` does not."""
    assert whole_number(text) is None


def test_a_limit_of_digits():
    """That many, and one more."""
    assert (whole_number("123", digits=3), whole_number("1234", digits=3)) == (123, None)


def test_a_length_that_no_body_has_is_none():
    """Python refuses to read a number of that many digits, and the error would be nobody's."""
    assert promised_length({"Content-Length": "9" * 5000}) is None
