"""The AWS environment of a test is the plugin's, and gone after it."""

from __future__ import annotations

import os

import pytest

from pytest_s3errors._core.s3.access import TEST_CREDENTIALS
from pytest_s3errors._guard.environment import Environment, of_server, of_test
from pytest_s3errors._guard.owner import Owner
from pytest_s3errors._guard.seams import Seams


def test_no_profile_no_role_no_metadata():
    """What an SDK would find instead is gone, and it has keys."""
    env = of_test({"AWS_PROFILE": "prod", "AWS_ROLE_ARN": "arn"})
    assert env["AWS_PROFILE"] is env["AWS_ROLE_ARN"] is env["AWS_SESSION_TOKEN"] is None
    assert env["AWS_ACCESS_KEY_ID"] == TEST_CREDENTIALS.access_key
    assert env["AWS_EC2_METADATA_DISABLED"] == "true"


@pytest.mark.parametrize(
    ("given", "both"),
    [
        ({}, ("us-east-1", "us-east-1")),
        ({"AWS_REGION": "eu-west-1"}, ("eu-west-1", "eu-west-1")),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, ("eu-west-2", "eu-west-2")),
        ({"AWS_DEFAULT_REGION": "eu-west-2", "AWS_REGION": "eu-west-3"}, ("eu-west-2", "eu-west-3")),
    ],
)
def test_the_region_stays_where_one_is_set(given, both):
    """boto3 reads one variable, other SDKs the other."""
    env = of_test(given)
    assert (env["AWS_DEFAULT_REGION"], env["AWS_REGION"]) == both


def test_what_native_code_finds():
    """A neighbor's endpoint for all services stays; proxies are kept away from the loopback."""
    env = of_server("http://127.0.0.1:1", {"NO_PROXY": "corp", "AWS_ENDPOINT_URL": "http://localhost:4566"})
    assert env["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:1"
    assert "AWS_ENDPOINT_URL" not in env
    assert env["NO_PROXY"] == "corp,127.0.0.1,localhost"
    assert of_server("http://127.0.0.1:1", {})["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"


def test_another_mapping_may_stand_for_the_environment(monkeypatch):
    """A mock of `os.environ` is a plain dict, which gets the test's variables and has its own back."""
    monkeypatch.setattr(os, "environ", {"AWS_PROFILE": "prod"})
    environment = Environment(lambda: "http://127.0.0.1:1")
    environment.begin(Seams(Owner("test")))
    assert os.environ["AWS_EC2_METADATA_DISABLED"] == "true"
    assert "AWS_PROFILE" not in os.environ
    environment.end(lambda: "http://127.0.0.1:2")
    assert os.environ == {"AWS_PROFILE": "prod"}


# Of the whole session, before any test: nothing but a profile, and nobody who gives keys.
NOTHING = """
import os, pathlib, tempfile

for name in list(os.environ):
    if name.startswith("AWS_"):
        del os.environ[name]
home = pathlib.Path(tempfile.mkdtemp())
(home / ".aws").mkdir()
(home / ".aws" / "config").write_text("[default]\\nregion = xx-profile-1\\n")
os.environ |= {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
"""


@pytest.mark.usefixtures("clients")
def test_boto3_needs_no_configuration(run):
    """A client from nothing, a resource, a session; and one that a session's fixture made before any test."""
    run(
        NOTHING
        + """
import boto3, botocore.session
import s3fs
from aiobotocore.session import get_session

@pytest.fixture(scope="session")
def early():
    return boto3.session.Session().client("s3", endpoint_url="https://s3.amazonaws.com")

def test_unmarked_first(early):
    assert early._request_signer._credentials is None

@pytest.mark.s3_object("data", "k", b"hi")
def test_it(early, s3_errors):
    for s3 in (early, boto3.client("s3"), boto3.Session().client("s3"), boto3.resource("s3").meta.client,
               botocore.session.get_session().create_client("s3")):
        assert s3.get_object(Bucket="data", Key="k")["Body"].read() == b"hi"
        assert "Signature=" in s3.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "k"})
    assert s3fs.S3FileSystem(skip_instance_cache=True).cat("data/k") == b"hi"

@pytest.mark.s3_object("data", "k", b"hi")
async def test_async():
    async with get_session().create_client("s3") as s3:
        assert await (await s3.get_object(Bucket="data", Key="k"))["Body"].read() == b"hi"

def test_nothing_is_left(early):
    assert [name for name in os.environ if name.startswith("AWS_")] == ["AWS_EC2_METADATA_DISABLED"]
    assert boto3.DEFAULT_SESSION is None
    assert early._request_signer._credentials is None
""",
        subprocess=True,
    ).assert_outcomes(passed=4)


@pytest.mark.usefixtures("clients")
def test_a_test_that_takes_all_variables_away(run):
    """boto3 asks nobody on the network for keys, and has some all the same."""
    run(
        NOTHING
        + """
import boto3
from aiobotocore.session import get_session

@pytest.fixture
def bare(monkeypatch):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

@pytest.mark.s3_object("data", "k", b"hi")
def test_blocking(bare):
    assert boto3.client("s3").get_object(Bucket="data", Key="k")["Body"].read() == b"hi"

@pytest.mark.s3_object("data", "k", b"hi")
async def test_async(bare):
    async with get_session().create_client("s3") as s3:
        assert await (await s3.get_object(Bucket="data", Key="k"))["Body"].read() == b"hi"
""",
        subprocess=True,
    ).assert_outcomes(passed=2)


def test_a_second_client_is_cheap(run):
    """Its session is new, and reads none of botocore's files again; a file of the user's it does."""
    run(
        """
import json, boto3
from botocore.loaders import JSONFileLoader

def read(folder):
    loader = boto3.Session()._session.get_component("data_loader")
    loader.search_paths.append(str(folder))
    return loader.load_data("mine")["version"]

@pytest.mark.s3_object("data", "k", b"hi")
@pytest.mark.parametrize("number", [1, 2])
def test_it(number, monkeypatch, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    (folder / "mine.json").write_text(json.dumps({"version": number}))
    opened = []
    beneath = JSONFileLoader._load_file
    monkeypatch.setattr(JSONFileLoader, "_load_file", lambda *a: opened.append(a[1]) or beneath(*a))
    assert boto3.client("s3").get_object(Bucket="data", Key="k")["Body"].read() == b"hi"
    assert number == 1 or not [name for name in opened if "botocore" in name]
    assert read(folder) == number
"""
    ).assert_outcomes(passed=2)


def test_the_tests_own_variables_win(run):
    """So do credentials that a client was given; and what a test leaves changed stays changed."""
    run(
        NOTHING
        + """
import boto3

@pytest.mark.s3_credentials("AKOWN", "secret")
@pytest.mark.s3_object("data", "k", b"hi")
def test_it(monkeypatch, s3_errors):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKOWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    s3 = boto3.client("s3")
    with pytest.raises(s3.exceptions.ClientError, match="SignatureDoesNotMatch"):
        s3.get_object(Bucket="data", Key="k")
    assert "eu-central-1" in s3_errors.requests[0].url
    own = boto3.client("s3", aws_access_key_id="AKOWN", aws_secret_access_key="secret")
    assert own.get_object(Bucket="data", Key="k")["Body"].read() == b"hi"
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-9"

def test_after():
    assert {name for name in os.environ if name.startswith("AWS_")} == {"AWS_EC2_METADATA_DISABLED"}

@pytest.mark.s3_bucket("data")
def test_leaves():
    os.environ["AWS_REGION"] = "eu-west-9"

def test_left():
    assert os.environ.pop("AWS_REGION") == "eu-west-9"
""",
        subprocess=True,
    ).assert_outcomes(passed=4)


def test_a_session_does_not_keep_the_tests_keys(run):
    """What it finds after the test are those of then."""
    run(
        NOTHING
        + """
import boto3
KEPT = boto3.Session()

@pytest.mark.s3_bucket("data")
def test_it():
    KEPT.client("s3").list_objects_v2(Bucket="data")
    assert KEPT.get_credentials() is not None

def test_after(monkeypatch):
    assert KEPT.get_credentials() is None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    assert KEPT.get_credentials().access_key == "AKREAL"
""",
        subprocess=True,
    ).assert_outcomes(passed=2)


def test_keep_leaves_it_alone(run):
    """The ini option is for suites that set all of it themselves."""
    run(
        NOTHING
        + """
@pytest.mark.s3_bucket("data")
def test_it():
    assert [name for name in os.environ if name.startswith("AWS_")] == ["AWS_EC2_METADATA_DISABLED"]
""",
        ini="s3_environment = keep",
        subprocess=True,
    ).assert_outcomes(passed=1)
