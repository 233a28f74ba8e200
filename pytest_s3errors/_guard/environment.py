"""The AWS environment of a test: its keys, its region, no profile, no metadata, and for native code the server.

`os.environ` gets what every reader may know. Where the server is, only native code and children are told, through the
C environment: for a Python client in this process the URL stays the one that it was written for. What the test changes
wins while it runs; at the end only what is still ours is put back.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_s3errors._core.s3.access import TEST_CREDENTIALS

if TYPE_CHECKING:
    from .seams import Seams

_REGION = "us-east-1"
_PROXIES = ("NO_PROXY", "no_proxy")
_NO_PROXY = "127.0.0.1,localhost"

# Where else an SDK would look for keys, a role or an endpoint.
_GONE = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_SSO_SESSION",
)

_SECRET = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_OF_SERVER = ("AWS_ENDPOINT_URL_S3", "AWS_ALLOW_HTTP")

# Native libraries that talk to S3 by themselves: where one is here, the server has to be.
NATIVE = (
    "adbc_driver_manager",
    "awscrt.http",  # and not awscrt, which sums our CRCs
    "awscrt.s3",
    "daft",
    "datafusion",
    "deltalake",
    "duckdb",
    "lance",
    "obstore",
    "osgeo",
    "polars",
    "pyarrow",
    "pycurl",
    "rasterio",
    "s3torchconnectorclient",
    "tiledb",
)


def of_test(given: Mapping[str, str]) -> dict[str, str | None]:
    """Return the AWS variables of a test beside those *given*; None: not there."""
    region = given.get("AWS_DEFAULT_REGION") or given.get("AWS_REGION") or _REGION
    return dict.fromkeys(_GONE) | {
        "AWS_ACCESS_KEY_ID": TEST_CREDENTIALS.access_key,
        "AWS_SECRET_ACCESS_KEY": TEST_CREDENTIALS.secret_key,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": given.get("AWS_REGION") or region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "BOTO_CONFIG": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def of_server(url: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which native code and children find the server at *url*."""
    found = dict(zip(_OF_SERVER, (url, "true"), strict=True))
    if "AWS_ENDPOINT_URL" not in given:  # a neighbor's, such as LocalStack's
        found["AWS_ENDPOINT_URL"] = url
    for name in _PROXIES:
        before = given.get(name)
        found[name] = f"{before},{_NO_PROXY}" if before else _NO_PROXY
    return found


class Environment:
    """The environment of one test.

    Args:
        server: Starts the test's server, if it is not started, and returns its URL.
    """

    def __init__(self, server: Callable[[], str]) -> None:
        self._server = server
        self._before: dict[str, str | None] = {}
        self._ours: dict[str, str | None] = {}
        self._in_c: dict[str, str] = {}
        self._session: Any = None

    def begin(self, seams: Seams) -> None:
        """Put the variables in place, before the test's fixtures."""
        self._ours = of_test(os.environ)
        self._before = {name: os.environ.get(name) for name in (*self._ours, *_OF_SERVER)}
        _set(self._ours)
        boto3: Any = sys.modules.get("boto3")
        self._session = boto3 and boto3.DEFAULT_SESSION
        if not sys.modules.keys().isdisjoint(NATIVE):
            self.tell_native()
        else:
            for name in NATIVE:
                seams.when(name, lambda _module: self.tell_native())

    def tell_native(self) -> None:
        """Tell native code, and children that inherit the C environment, where the server is."""
        if not self._in_c:
            self._in_c = of_server(self._server(), os.environ)
            for name, value in self._in_c.items():
                os.putenv(name, value)

    def end(self) -> None:
        """Take back what is still ours, after the test's fixtures."""
        _set({name: self._before[name] for name, ours in self._ours.items() if os.environ.get(name) == ours})
        for name in self._in_c:
            _restore_in_c(name)
        self._in_c = {}
        boto3: Any = sys.modules.get("boto3")
        if boto3 is not None and self._session is None:
            boto3.DEFAULT_SESSION = None  # it has read the test's environment, and would keep it

    def changed(self) -> tuple[str, ...]:
        """Return the names of the variables that a child has from the test."""
        return (*self._ours, *of_server("", os.environ))

    def of_child(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a child that is to have *given*.

        What *given* says otherwise than this process did before the test is somebody's wish, and stays.
        """
        known = dict(given)
        for name, value in (self._ours | of_server(self._server(), known)).items():
            wished = known.get(name, self._before.get(name))
            if wished not in (self._before.get(name), self._ours.get(name)) and name not in _PROXIES:
                continue
            if value is None:
                known.pop(name, None)
            else:
                known[name] = value
        return known


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        elif os.environ.get(name) != value:
            os.environ[name] = value


def _restore_in_c(name: str) -> None:
    value = os.environ.get(name)
    if value is None:
        os.unsetenv(name)
    else:
        os.putenv(name, value)


def keys_now() -> tuple[str, str, str | None]:
    """Return the key, the secret and the token that a client without its own finds in the environment."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        return key, secret, os.environ.get("AWS_SESSION_TOKEN")
    return TEST_CREDENTIALS.access_key, TEST_CREDENTIALS.secret_key, None


def secrets_now() -> frozenset[str]:
    """Return the keys and tokens that the environment holds now."""
    return frozenset(filter(None, map(os.environ.get, _SECRET)))
