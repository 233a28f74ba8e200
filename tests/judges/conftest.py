"""Lets the tests of this folder import its helper modules, and hands out botocore as judge."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from judging import Judge, Simulated


@pytest.fixture(scope="session")
def judging():
    """Return the judge, which is slow to make; its S3 is changed for each test."""
    judge = Judge()
    yield judge
    judge.client.close()


@pytest.fixture
def judge(judging):
    """Return the judge on an empty S3."""
    judging.s3 = Simulated()
    return judging


@pytest.fixture
def boto(judge):
    """Return botocore's client."""
    return judge.client
