"""What `s3_limits` can say."""

from __future__ import annotations

import re

import pytest

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_limits import NO_LIMITS, Limits, limits_of


def test_each_argument_stands_for_itself():
    """By name or by place; the rest is not said."""
    assert limits_of((), {"alike": 20, "silence": 0.5}) == Limits(alike=20, silence=0.5)
    assert limits_of((100,), {"time": 60}) == Limits(requests=100, time=60)


def test_the_closest_counts():
    """Field by field."""
    near, far = Limits(requests=5), Limits(requests=50, alike=10)
    assert near.over(far) == Limits(requests=5, alike=10)
    assert NO_LIMITS.over(far) == far


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {}, "s3_limits() does not say what ends the test"),
        ((), {"request": 5}, "did you mean 'requests'?"),
        ((5,), {"requests": 6}, "got requests= twice"),
        ((1, 2, 3, 4, 5), {}, "5 positional arguments came"),
        ((0,), {}, "s3_limits(requests=0): allowed is a whole number from 1 up"),
        ((), {"alike": 2.5}, "s3_limits(alike=2.5): allowed is a whole number from 1 up"),
        ((), {"silence": 0}, "s3_limits(silence=0): allowed is a number of seconds, above 0"),
        ((), {"time": "60"}, "s3_limits(time='60'): allowed is a number of seconds, above 0"),
    ],
)
def test_mistakes(args, kwargs, says):
    """Each says what came and what is allowed."""
    with pytest.raises(RuleError, match=re.escape(says)):
        limits_of(args, kwargs)
