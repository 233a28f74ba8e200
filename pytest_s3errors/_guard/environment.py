"""The AWS environment of a test: its keys, its region, no profile, no metadata, and the server for native code.

`os.environ` gets the values that every reader may see. Only native code and children learn the server's URL, through
the C environment. A Python client in this process keeps the URL that it was written for. The test's own changes win
while it runs. At its end only the values that are still ours are restored.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_s3errors._core.s3.access import TEST_CREDENTIALS

from . import models
from .imports import when_imported

if TYPE_CHECKING:
    from .seams import Seams

_REGION = "us-east-1"
_PROXIES = ("NO_PROXY", "no_proxy")
_NO_PROXY = "127.0.0.1,localhost"

# Other places where an SDK looks for keys, a role or an endpoint.
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

# Native libraries that find S3 by the environment. If one is imported, the server must run. awscrt is none of them: its
# callers name each host, and boto3 imports it wherever it is installed.
NATIVE = (
    "adbc_driver_manager",
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


def of_test(given: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the AWS variables of a test besides those *given*. None: unset."""
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


_NAMES = (*of_test({}), *_OF_SERVER)


def of_server(url: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that point native code and children to the server at *url*."""
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
        server: Starts the test's server if necessary, and returns its URL.
    """

    def __init__(self, server: Callable[[], str]) -> None:
        self._server = server
        self._before: dict[str, str | None] = {}
        self._ours: dict[str, str | None] = {}
        self._in_c: dict[str, str] = {}
        self._session: Any = None

    def begin(self, seams: Seams) -> None:
        """Set the variables, before the test's fixtures."""
        self._before = _now(_NAMES)
        self._ours = of_test(self._before)
        _set(self._ours, self._before)
        boto3: Any = sys.modules.get("boto3")
        self._session = boto3 and boto3.DEFAULT_SESSION
        when_imported("botocore.loaders", models.keep)
        seams.when(NATIVE, self._imported)

    def _imported(self, _native: object) -> None:
        self.tell_native()

    def tell_native(self) -> None:
        """Tell the server's address to native code and to children that inherit the C environment."""
        if not self._in_c:
            self._in_c = of_server(self._server(), os.environ)
            for name, value in self._in_c.items():
                os.putenv(name, value)

    def end(self, server: Callable[[], str]) -> None:
        """Restore the values that are still ours, after the test's fixtures. Later children are told of *server*."""
        self._server = server
        now = _now(self._ours)
        _set({name: self._before[name] for name, ours in self._ours.items() if now[name] == ours}, now)
        for name in self._in_c:
            _restore_in_c(name)
        self._in_c = {}
        boto3: Any = sys.modules.get("boto3")
        if boto3 is not None and self._session is None:
            boto3.DEFAULT_SESSION = None  # it has read the test's environment and would keep it

    def changed(self) -> tuple[str, ...]:
        """Return the names of the variables that a child has from the test."""
        return (*self._ours, *of_server("", os.environ))

    def of_child(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a child that is started with *given*.

        A value in *given* that differs from this process's before the test was set on purpose, and stays.
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


def _now(names: Iterable[str]) -> dict[str, str | None]:
    """Return the current values of variables.

    Most are unset. To ask `os.environ` for one of those raises and handles a KeyError, and its names are decoded one by
    one. So this looks at what it holds, unless other code has put another mapping in its place.
    """
    held = getattr(os.environ, "_data", None)
    if held is None:
        return {name: os.environ.get(name) for name in names}
    return {name: os.environ[name] if _key(name) in held else None for name in names}


_key = functools.cache(os.environ.encodekey)


def _set(values: Mapping[str, str | None], now: Mapping[str, str | None]) -> None:
    """Set variables. *now* has their current values."""
    for name, value in values.items():
        if value == now[name]:
            continue
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def _restore_in_c(name: str) -> None:
    value = os.environ.get(name)
    if value is None:
        os.unsetenv(name)
    else:
        os.putenv(name, value)


def keys_now() -> tuple[str, str, str | None]:
    """Return the key, the secret and the token that a client without its own reads from the environment."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        return key, secret, os.environ.get("AWS_SESSION_TOKEN")
    return TEST_CREDENTIALS.access_key, TEST_CREDENTIALS.secret_key, None


def secrets_now() -> frozenset[str]:
    """Return the keys and tokens in the environment now."""
    return frozenset(filter(None, _now(_SECRET).values()))
