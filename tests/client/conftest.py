"""Lets the tests of this folder import its helper modules, whatever the import mode and version of pytest."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture
def sleeps(monkeypatch):
    """The waits that were asked for, in seconds; none is really made."""
    waits = []

    async def sleep(delay_s):
        waits.append(delay_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waits


@pytest.fixture
async def clock(monkeypatch):
    """The time of the event loop, in a list of one: only sleeping, and setting it, moves it."""
    now = [1000.0]

    async def sleep(delay_s):
        now[0] += delay_s

    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])
    monkeypatch.setattr(asyncio, "sleep", sleep)
    return now
