"""docs/reference/patience.md is what the clients do, measured again; what is not installed is skipped."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import math
import os
from functools import cache, partial

import patience_page
import pytest
from patience_page import SHOWN

from pytest_s3errors._core.insight.retry_profile import PROBES
from s3_asyncio_client import S3Client, S3ConnectionError, S3ServerError, S3TimeoutError, retry_with_exponential_backoff

pytestmark = [
    pytest.mark.s3_object("data", "key", b"1"),
    pytest.mark.s3_limits(alike=20_000, requests=40_000, time=10**7),
]

CALLS = 50
SKIPPED = frozenset(PROBES) - set(SHOWN)
FEW = {"s3fs": 20, "S3Client, stamina": 20}  # One call of theirs makes many requests.
FAR = 2.23 * math.sqrt(2 / CALLS)  # Two samples differ so much by chance once in 10,000 times.
LATER = []  # What is closed when all is measured.
TRANSIENT = (S3ServerError, S3ConnectionError, S3TimeoutError)


def boto3(**retries):
    """A fresh boto3 client's GetObject."""
    from botocore.config import Config

    s3 = importlib.import_module("boto3").client("s3", region_name="us-east-1", config=Config(retries=retries))
    return partial(s3.get_object, Bucket="data", Key="key")


def smart_open():
    s3 = importlib.import_module("boto3").client("s3", region_name="us-east-1")
    module = importlib.import_module("smart_open")

    def read():
        with module.open("s3://data/key", "rb", transport_params={"client": s3}) as file:
            return file.read()

    return read


def s3fs():
    make = importlib.import_module("s3fs").S3FileSystem
    files = make(key="a", secret="b", skip_instance_cache=True, client_kwargs={"region_name": "us-east-1"})
    LATER.append(lambda: files.close_session(files.loop, files.s3))
    return partial(files.cat_file, "data/key")


def minio():
    client = importlib.import_module("minio").Minio(
        endpoint="s3.amazonaws.com", access_key="a", secret_key="b", region="us-east-1"
    )

    def read():
        answer = client.get_object(bucket_name="data", object_name="key")
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    return read


@cache
def _session():
    return importlib.import_module("aiobotocore.session").get_session()


def aiobotocore():
    session = _session()

    async def read():
        async with session.create_client("s3", region_name="us-east-1") as s3:
            answer = await s3.get_object(Bucket="data", Key="key")
            async with answer["Body"] as body:
                return await body.read()

    return read


async def plain():
    """One GetObject of our own client, which has no retries of its own."""
    async with S3Client("access", "secret") as client:
        return await client.get_object("data", "key")


def ours():
    return lambda: retry_with_exponential_backoff(plain)


def tenacity():
    module = importlib.import_module("tenacity")
    return module.retry(
        stop=module.stop_after_attempt(5),
        wait=module.wait_random_exponential(multiplier=1, max=60),
        retry=module.retry_if_exception_type(TRANSIENT),
        reraise=True,
    )(plain)


def stamina():
    return importlib.import_module("stamina").retry(on=TRANSIENT)(plain)


def old(make):
    """*make* where botocore has its rules of before 1.44."""
    return make, lambda: _botocore() < (1, 44)


def new(make):
    return make, lambda: _botocore() >= (1, 44)


def always(make):
    return make, lambda: True


def _botocore() -> tuple[int, ...]:
    return tuple(map(int, importlib.metadata.version("botocore").split(".")[:2]))


CLIENTS = {
    "boto3 1.43, legacy": (*old(lambda: boto3(mode="legacy")), "boto3", "Its default."),
    "boto3 1.43, standard": (*old(lambda: boto3(mode="standard")), "boto3", 'With `retries={"mode": "standard"}`.'),
    "boto3 1.44, standard": (*new(lambda: boto3(mode="standard")), "boto3", "Its default."),
    "boto3 1.44, adaptive": (*new(lambda: boto3(mode="adaptive")), "boto3", 'With `retries={"mode": "adaptive"}`.'),
    "aiobotocore": (*old(aiobotocore), "aiobotocore", "A client for each call."),
    "s3fs": (*old(s3fs), "s3fs", "`cat_file`."),
    "smart_open": (*old(smart_open), "smart_open", "On boto3 1.43."),
    "minio-py": (*always(minio), "minio", "`get_object`."),
    "S3Client": (*always(lambda: plain), "pytest-s3errors", "It tries nothing again by itself."),
    "S3Client, retry_with_exponential_backoff": (*always(ours), "pytest-s3errors", "With its defaults."),
    "S3Client, tenacity": (
        *always(tenacity),
        "tenacity",
        "`stop_after_attempt(5)`, `wait_random_exponential(multiplier=1, max=60)`, on errors of server and connection.",
    ),
    "S3Client, stamina": (*always(stamina), "stamina", "`stamina.retry` with its defaults, on the same errors."),
}


@pytest.mark.skipif(not os.environ.get("S3ERRORS_MEASURE"), reason="takes minutes; .ci/long sets S3ERRORS_MEASURE")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # clients leave connections that were reset to the GC
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_is_as_patient_as_the_page_says(request, name):
    """Every figure, and the curve within chance: another one is seen once in 10,000 runs."""
    make, fits, package, setup = CLIENTS[name]
    pytest.importorskip(package.replace("-", "_"))
    if not fits():
        pytest.skip("this botocore has other rules")
    calls, s3_retries = FEW.get(name, CALLS), request.getfixturevalue("s3_retries")
    try:
        profile = s3_retries.measure(factory=make, samples=calls, skip=SKIPPED)
    finally:
        while LATER:
            LATER.pop()()
    seen = patience_page.figures(profile)
    rows = patience_page.read()
    if os.environ.get("S3ERRORS_UPDATE_DOCS"):
        about = {"version": f"{package} {importlib.metadata.version(package)}", "setup": setup}
        rows[name] = about | seen
        patience_page.write({client: rows[client] for client in CLIENTS if client in rows})
        return
    exact = {key: value for key, value in rows[name].items() if key not in {"version", "setup", "outlasted_s"}}
    told = "If that is how it is now: S3ERRORS_UPDATE_DOCS=1"
    assert {key: seen[key] for key in exact} == exact, told
    assert _distance(seen["outlasted_s"], rows[name]["outlasted_s"]) <= FAR * math.sqrt(CALLS / calls), told


def _distance(ours: list[float], theirs: list[float]) -> float:
    """The largest difference of two samples' shares (Kolmogorov and Smirnov); times differ by a millisecond or so."""
    places = [seconds + slack for seconds in (*ours, *theirs) for slack in (0.0, 0.005)]
    return min(
        max(abs(_above(ours, place + shift) - _above(theirs, place)) for place in places)
        for shift in (-0.005, 0, 0.005)
    )


def _above(sample: list[float], seconds: float) -> float:
    return sum(value >= seconds for value in sample) / len(sample)


def test_page_and_picture_are_made_of_the_data():
    """By the script that is in this folder; each client that the page lists is one that is measured."""
    rows = patience_page.read()
    assert list(rows) == list(CLIENTS)
    assert patience_page.PAGE.read_text(encoding="utf-8") == patience_page.page(rows)
    assert patience_page.PICTURE.read_text(encoding="utf-8") == patience_page.picture(rows)
    assert json.loads(patience_page.DATA.read_text(encoding="utf-8")) == rows


def test_another_curve_is_noticed():
    """The measure of distance sees a base of 1 s where 0.05 s was, and no difference of a sample to itself."""
    sample = [at / 50 for at in range(50)]
    assert _distance(sample, sample) == 0
    assert _distance(sample, [20 * value for value in sample]) > FAR
