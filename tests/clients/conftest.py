"""Lets the tests of this folder import its helper modules, skips the waits of retries, and hands out the observer."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

from client_matrix import Context, Observer


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients keep their own number of attempts; only the seconds between them are not spent."""
    sleep = asyncio.sleep

    async def soon(_delay: float, result: object = None) -> object:
        return await sleep(0, result)

    monkeypatch.setattr(asyncio, "sleep", soon)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


@pytest.fixture
def standard_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the default of botocore 1.44, whatever the installed one's is; that of 1.43 was `legacy`."""
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")


@pytest.fixture
def observer(s3_errors: Any, s3_store: Any, s3_server: Any, s3_client: Any, tmp_path: Path) -> Observer:
    """Runs one client through one scenario, and compares what it did with the page."""
    context = Context(server=s3_server, presign=s3_client.generate_presigned_url, folder=tmp_path)
    return Observer(errors=s3_errors, store=s3_store, context=context)
