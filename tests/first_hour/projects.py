"""What new users write, library by library, with a gap for the mistake and for its cure."""

from __future__ import annotations

from typing import NamedTuple


class Project(NamedTuple):
    """One test file and ini file; GAP in either is the *mistake* first, then the *cure* that is told in *says*."""

    packages: tuple[str, ...]
    test: str
    mistake: str
    cure: str
    says: str
    ini: str = ""


PROJECTS = {
    "boto3": Project(
        packages=("boto3",),
        test="""
import boto3
import pytest

@pytest.mark.s3_fail("GAP", times=2)
def test_upload_is_retried(s3_errors, s3_store):
    boto3.client("s3").put_object(Bucket="bucket", Key="key", Body=b"data")
    assert s3_errors.attempts(operation="PutObject") == 3
    assert s3_store.get("bucket", "key").body == b"data"
""",
        mistake="SlowDwn",
        cure="SlowDown",
        says="'SlowDwn' is neither an S3 error code nor a network fault; did you mean 'SlowDown'?",
    ),
    "aiobotocore": Project(
        packages=("aiobotocore",),
        test="""
import pytest
from aiobotocore.session import get_session

@pytest.mark.s3_fail("SlowDown", times=2)
async def test_upload_is_retried(s3_store):
    async with get_session().create_client("s3") as s3:
        await s3.put_object(Bucket="data", Key="k", Body=b"x")
    assert s3_store.exists("data", "k")
""",
        ini="GAP",
        mistake="",
        cure="asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n",
        says="asyncio_mode = auto, and asyncio_default_fixture_loop_scope = function",
    ),
    "s3fs": Project(
        packages=("s3fs",),
        test="""
import pytest
import s3fs

@pytest.fixture
def fs(s3_store):
    s3_store.put("data", "k", b"body")
    fs = s3fs.S3FileSystem()
    assert fs.ls("data") == ["data/k"]
    return fs

@pytest.mark.s3_fail("SlowDown", times=1)
def test_listing_is_retried(fs, s3_errors):
    GAP
    assert fs.ls("data") == ["data/k"]
""",
        mistake="",
        cure="fs.invalidate_cache()",
        says="s3fs may have answered from a listing that it keeps: call fs.invalidate_cache()",
    ),
    "pandas": Project(
        packages=("pandas", "pyarrow", "s3fs"),
        test="""
import pandas
import pytest

@pytest.mark.s3_fail("SlowDown", times=1, GAP)
def test_table_is_stored(s3_store):
    pandas.DataFrame({"a": [1]}).to_parquet("s3://data/out.parquet")
    assert s3_store.get("data", "out.parquet").body.startswith(b"PAR1")
""",
        mistake='key="out.csv"',
        cure='key="out.parquet"',
        says="key: wanted 'out.csv', came 'out.parquet'",
    ),
    "FastAPI": Project(
        packages=("boto3", "fastapi", "httpx"),
        test="""
import boto3
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

app = FastAPI()

@app.put("/files/{name}")
def put(name: str):
    boto3.client("s3").put_object(Bucket="data", Key=name, Body=b"x")

@pytest.mark.s3_bucket("GAP")
@pytest.mark.s3_fail("SlowDown", times=1)
def test_upload_is_retried(s3_store):
    assert TestClient(app).put("/files/a").status_code == 200
    assert s3_store.exists("data", "a")
""",
        mistake="dat",
        cure="data",
        says='add @pytest.mark.s3_bucket("data").',
    ),
    "django-storages": Project(
        packages=("django-storages[s3]", "django"),
        test="""
import pytest
from django.conf import settings

static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
media = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "media"}}
settings.configure(STORAGES={"default": media, "staticfiles": static}, USE_TZ=True)

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

@pytest.mark.s3_layer("GAP")
@pytest.mark.s3_fail("SlowDown", times=1)
def test_upload_is_retried(s3_store):
    name = default_storage.save("a.txt", ContentFile(b"x"))
    assert s3_store.get("media", name).body == b"x"
""",
        mistake="client",
        cure="wire",
        says='wire serves this one: @pytest.mark.s3_layer("wire").',
    ),
    "httpx": Project(
        packages=("httpx",),
        test="""
import httpx
import pytest

@pytest.mark.s3_object("data", "k", b"x")
@pytest.mark.s3_fail("SlowDown", times=1)
def test_refusal_is_seen():
    assert httpx.get("https://store.invalid/data/k").status_code == 503
    assert httpx.get("https://store.invalid/data/k").content == b"x"
""",
        ini="GAP",
        mistake="",
        cure="s3_endpoints = store.invalid\n",
        says="a host that is none of S3's. If it is that of your store, list it in the ini option s3_endpoints",
    ),
    "unittest": Project(
        packages=("boto3",),
        test="""
import unittest

import boto3
import pytest

class Uploads(unittest.TestCase):
    def setUp(self):
        self.s3 = boto3.client("s3")
        self.upload() if GAP else None

    def upload(self):
        self.s3.put_object(Bucket="data", Key="k", Body=b"x")

    @pytest.mark.s3_fail("SlowDown", times=1)
    def test_upload_is_retried(self):
        None if GAP else self.upload()
        self.assertIsNotNone(self.s3)
""",
        mistake="True",
        cure="False",
        says="Requests came from a fixture or setUp, where no rule fires. Send them from the test itself.",
    ),
}
