"""Native clients that Python code configures: their configuration is pointed to the server, or refused.

Most native code reads the environment, see `environment`. pyarrow's `S3FileSystem()` does not, libcurl knows no AWS
names, and awscrt gets each host from its caller.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .owner import current
from .seams import lead, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from .door import Door


def pyarrow_fs(module: Any) -> None:
    """Make every `S3FileSystem` created in a test talk to its server, whatever endpoint it names."""
    real = module.S3FileSystem
    if hasattr(real, "_s3errors_real"):
        return

    class Kind(type):
        """Accept instances of the real class as instances of its replacement."""

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real)

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        owner = current()
        if owner is not None and owner.children is not None:
            at = urlsplit(owner.children.server())
            kwargs |= {"endpoint_override": at.netloc, "scheme": at.scheme, "proxy_options": None}
        real.__init__(self, *args, **kwargs)

    name = real.__name__
    body = {"__init__": init, "__module__": real.__module__, "__doc__": real.__doc__, "_s3errors_real": real}
    module.S3FileSystem = Kind(name, (real,), body)


def boto3_transfer(module: Any) -> None:
    """Make boto3 use its own transfer manager in a test, where it would use awscrt's."""
    if hasattr(module, "create_crt_transfer_manager"):
        wrap(module, "create_crt_transfer_manager", _none_in_a_test)


def _none_in_a_test(create: Callable[..., Any]) -> Callable[..., Any]:
    def creating(*args: Any, **kwargs: Any) -> Any:
        return create(*args, **kwargs) if current() is None else None  # None: boto3 falls back to its default

    return creating


def awscrt_http(module: Any) -> None:
    """Refuse connections of awscrt's HTTP client to S3."""
    lead(module, "HttpClientConnection.new", _awscrt_new)


def _awscrt_new(new: Any) -> Any:
    def connecting(door: Door, host_name: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if door.takes(host_name, port) and not door.is_ours(port):
            raise door.refuse(host_name, "by awscrt, which brings its own sockets")
        return new(host_name, port, *args, **kwargs)

    return connecting


def awscrt_s3(module: Any) -> None:
    """Refuse requests of awscrt's S3 client, which speaks TLS with hosts that it looks up itself."""
    lead(module, "S3Client.make_request", _awscrt_request)


def _awscrt_request(make: Any) -> Any:
    def making(door: Door, client: Any, *args: Any, **kwargs: Any) -> Any:
        request = kwargs.get("request")
        headers = dict(request.headers) if request is not None else {}
        host = next((value for name, value in headers.items() if name.lower() == "host"), "")
        parts = urlsplit(f"//{host}")
        if parts.hostname and not (parts.port is not None and door.is_ours(parts.port)):
            raise door.refuse(parts.hostname, "by awscrt, which brings its own sockets")
        return make(client, *args, **kwargs)

    return making


def pycurl(module: Any) -> None:
    """Refuse S3 URLs that are passed to libcurl."""
    lead(module, "Curl", functools.partial(_pycurl, module))


def _pycurl(module: Any, curl: Any) -> Any:
    class Curl(curl):  # type: ignore[misc]  # an optional part
        """A handle that checks the URL that it gets."""

        door: Door

        def setopt(self, option: int, value: Any = None) -> None:
            if option == module.URL:
                text = value.decode("latin-1") if isinstance(value, bytes) else value
                parts = urlsplit(text if "://" in text else f"http://{text}")
                port = parts.port or {"https": 443}.get(parts.scheme, 80)
                if parts.hostname and self.door.takes(parts.hostname, port) and not self.door.is_ours(port):
                    raise self.door.refuse(parts.hostname, "by libcurl, which brings its own sockets")
            super().setopt(option, value)

    def making(door: Door, *args: Any, **kwargs: Any) -> Curl:
        handle = Curl(*args, **kwargs)
        handle.door = door
        return handle

    return making
