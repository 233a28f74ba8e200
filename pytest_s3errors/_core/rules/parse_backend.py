"""Turn the ini option `s3_backend` into a backend. Every error message says what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from pytest_s3errors._core.s3.access import Credentials

from .arguments import RuleError, nearest_option

BACKENDS = ("memory", "moto")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSpec:
    """The backend that does the work of S3.

    `name` is "memory", "moto" or the server's URL without user information. For a server, `scheme`, `host` and `port`
    say where it is; `credentials` and `region` say how requests to it are signed.
    """

    name: str = "memory"
    scheme: str = ""
    host: str = ""
    port: int = 0
    credentials: Credentials | None = None
    region: str = "us-east-1"


MEMORY = BackendSpec()


def backend_of(
    value: str,
    *,
    remote: bool,
    environment: Mapping[str, str],
    test_credentials: Credentials,
    option: str = "ini s3_backend",
) -> BackendSpec:
    """Return the backend that *value* names.

    Args:
        value: "memory", "moto" or a URL.
        remote: Whether a server may be on another machine.
        environment: The source of the region, and of the credentials if the URL has none.
        test_credentials: The credentials if neither has any.
        option: How the user set it.

    Raises:
        RuleError: *value* is none of these, or a server on another machine. The message has no user information.
    """
    if value in BACKENDS:
        return BackendSpec(name=value)
    if "://" not in value:
        named = shown(value)
        raise RuleError(f"{option}: {named!r} is not one of memory, moto or a URL{nearest_option(named, BACKENDS)}")
    parts, port = _parts(value, option)
    host = parts.hostname or ""
    name = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}"
    if port != _DEFAULT_PORTS[parts.scheme]:
        name = f"{name}:{port}"
    if not remote and not _is_loopback(host):
        raise RuleError(
            f"{option}: {name} is not on this machine, and tests change what it holds;"
            " if that is meant, set the ini option s3_allow_remote_backend = true"
        )
    return BackendSpec(
        name=name,
        scheme=parts.scheme,
        host=host,
        port=port,
        credentials=_credentials(parts, environment, option) or test_credentials,
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1",
    )


def shown(value: str) -> str:
    """Return *value* without user information, for reports."""
    return value.rpartition("@")[2]


def _parts(value: str, option: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise RuleError(f"{option}: {shown(value)!r} is not a URL") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise RuleError(f"{option}: {shown(value)!r} is not a URL of the form http://HOST:PORT or https://HOST")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise RuleError(f"{option}: {shown(value)!r} has more than scheme, host and port; buckets stand in the path")
    return parts, _DEFAULT_PORTS[parts.scheme] if port is None else port


def _credentials(parts: SplitResult, environment: Mapping[str, str], option: str) -> Credentials | None:
    if parts.username is not None or parts.password is not None:
        if not (parts.username and parts.password):
            raise RuleError(f"{option}: the URL has one of access key and secret key, not both: ACCESS:SECRET@HOST")
        return Credentials(access_key=unquote(parts.username), secret_key=unquote(parts.password))
    access_key, secret_key = (environment.get(f"AWS_{name}") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    if access_key and secret_key:
        token = environment.get("AWS_SESSION_TOKEN") or None
        return Credentials(access_key=access_key, secret_key=secret_key, session_token=token)
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
