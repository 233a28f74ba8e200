"""The same in this environment, for the libraries that it has; `.ci/long` gives each one of its own."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from tests.first_hour.__main__ import tried
from tests.first_hour.projects import PROJECTS

MODULES = {"FastAPI": "fastapi", "django-storages": "storages", "unittest": "boto3"}


@pytest.mark.parametrize("name", PROJECTS)
def test_the_cure_in_the_message_is_one(name, tmp_path):
    """The mistake is red and says what to do; done, the test is green."""
    if importlib.util.find_spec(MODULES.get(name, name)) is None:
        pytest.skip(f"{name} is not installed here")
    assert tried(PROJECTS[name], sys.executable, tmp_path) == ""
