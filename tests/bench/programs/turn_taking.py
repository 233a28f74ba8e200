"""A plugin for pytest: as many tests of one function as are asked for make a turn."""

from __future__ import annotations

from itertools import groupby

import pytest
from turns import turns


def pytest_runtestloop(session: pytest.Session) -> bool:
    for function, tests in groupby(session.items, key=lambda item: getattr(item, "originalname", item.name)):
        left = list(tests)
        for times in turns(function.removeprefix("test_").replace("_", " ")):
            for _ in range(times):
                item = left.pop(0)
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=left[0] if left else None)
    return True
