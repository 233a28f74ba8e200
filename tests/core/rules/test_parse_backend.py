"""What the ini option s3_backend can say."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_backend import MEMORY, BackendSpec, backend_of
from pytest_s3errors._core.s3.access import Credentials

TEST = Credentials(access_key="TEST", secret_key="test")


def backend(value: str, *, remote: bool = False, **environment: str) -> BackendSpec:
    return backend_of(value, remote=remote, environment=environment, test_credentials=TEST)


def test_names():
    """The two that are no server."""
    assert backend("memory") == MEMORY
    assert backend("moto").name == "moto"


@pytest.mark.parametrize(
    ("value", "name", "host", "port"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000", "127.0.0.1", 9000),
        ("http://127.1.2.3/", "http://127.1.2.3", "127.1.2.3", 80),
        ("https://LOCALHOST", "https://localhost", "localhost", 443),
        ("http://[::1]:9000", "http://[::1]:9000", "::1", 9000),
        ("http://A:b@localhost:80", "http://localhost", "localhost", 80),
    ],
)
def test_servers_on_this_machine(value, name, host, port):
    """Scheme, host and port are told apart; the name has no user information."""
    spec = backend(value)
    assert (spec.name, spec.host, spec.port) == (name, host, port)


@pytest.mark.parametrize(
    "host", ["minio", "10.0.0.1", "[2001:db8::1]", "localhost.example", "127.0.0.1.example", "0.0.0.0"]
)
def test_servers_elsewhere_have_to_be_allowed(host):
    """A name or address that is not this machine's is refused, unless it is allowed."""
    with pytest.raises(RuleError, match="s3_allow_remote_backend = true"):
        backend(f"http://{host}:9000")
    assert backend(f"http://{host}:9000", remote=True).name == f"http://{host}:9000"


def test_credentials_come_from_the_url_then_the_environment_then_the_tests():
    """The first that has both keys; the region is the environment's."""
    env = {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "e", "AWS_SESSION_TOKEN": "t", "AWS_REGION": "eu-west-1"}
    in_url = backend("http://A%2F:b%40@localhost", **env)
    assert in_url.credentials == Credentials(access_key="A/", secret_key="b@")
    in_env = backend("http://localhost", **env)
    assert in_env.credentials == Credentials(access_key="E", secret_key="e", session_token="t")
    assert in_env.region == "eu-west-1"
    assert backend("http://localhost", AWS_ACCESS_KEY_ID="E").credentials == TEST
    assert backend("http://localhost", AWS_DEFAULT_REGION="us-west-2").region == "us-west-2"
    assert backend("http://localhost").region == "us-east-1"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("Memory", "did you mean 'memory'"),
        ("127.0.0.1:9000", "not one of memory, moto or a URL"),
        ("", "not one of memory, moto or a URL"),
        ("ftp://localhost", "not a URL of the form"),
        ("http://", "not a URL of the form"),
        ("http://localhost/bucket", "buckets stand in the path"),
        ("http://localhost?a", "buckets stand in the path"),
        ("http://localhost:99999", "is not a URL"),
        ("http://:hidden@localhost", "not both"),
        ("http://user@localhost", "not both"),
    ],
)
def test_mistakes_are_named_without_secrets(value: str, says: Any):
    """What came is shown but for user information, and what is allowed."""
    with pytest.raises(RuleError, match=says) as caught:
        backend(value)
    assert str(caught.value).startswith("ini s3_backend: ")
    assert "hidden" not in str(caught.value)


def test_a_spec_shows_no_secret():
    """Not in its repr, which a report of locals may show."""
    assert "hidden" not in repr(backend("http://A:hidden@localhost"))
