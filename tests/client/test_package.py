"""The package's names are loaded when they are first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import s3_asyncio_client


def test_every_public_name_is_there():
    """`__all__`, the names that can be had and those that `dir` lists are the same."""
    for name in s3_asyncio_client.__all__:
        assert getattr(s3_asyncio_client, name).__module__.startswith("s3_asyncio_client."), name
    assert set(s3_asyncio_client.__all__) == set(s3_asyncio_client._HOMES)
    assert set(s3_asyncio_client.__all__) <= set(dir(s3_asyncio_client))


def test_a_name_that_is_not_there_is_an_attribute_error():
    """It says which module lacks which name."""
    with pytest.raises(AttributeError, match="module 's3_asyncio_client' has no attribute 'S3Clint'"):
        _ = s3_asyncio_client.S3Clint


def test_a_fact_of_the_protocol_costs_no_aiohttp():
    """The modules are there as attributes too, without an import of their own."""
    script = """
import sys, s3_asyncio_client._core.operations
assert 'aiohttp' not in sys.modules
import s3_asyncio_client
assert s3_asyncio_client.exceptions.S3Error is s3_asyncio_client.S3Error
assert 'aiohttp' not in sys.modules
assert s3_asyncio_client.multipart.upload_part and s3_asyncio_client.S3Client and 'aiohttp' in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
