"""The `wire` layer for clients that block: boto3, httpx, requests, urllib3, minio, all on the standard library.

Two functions of the standard library are enough, whatever stands above them: `socket.getaddrinfo` says that S3's names
live on this machine, and `ssl.SSLContext.wrap_socket` leaves a connection to our server as it is, so that a client that
asked for https believes to have it. Requests, pools, retries and parsers are the client's own.
"""

from __future__ import annotations

import functools
import socket
import ssl
from typing import TYPE_CHECKING, Any

from . import certificates, pooled
from . import connect_faults as connecting

if TYPE_CHECKING:
    import pytest

    from pytest_s3errors._scene import Scene


class PlainSocket(socket.socket):
    """A TCP connection that answers the questions that clients ask of a TLS one, about the host they dialled."""

    server_hostname: str | None = None

    def getpeercert(self, binary_form: bool = False) -> dict[str, Any] | bytes:  # noqa: FBT001, FBT002 - ssl's signature
        """The certificate that the host would have shown; there is none in binary form."""
        if binary_form:
            return b""
        name = self.server_hostname or ""
        return {"subject": ((("commonName", name),),), "subjectAltName": (("DNS", name),)}

    def selected_alpn_protocol(self) -> str | None:
        """None: HTTP/1.1."""
        return None

    def version(self) -> str:
        """The version of TLS."""
        return "TLSv1.3"

    def pending(self) -> int:
        """No bytes wait in a TLS layer that is not there."""
        return 0


class SyncWire:
    """Sends the blocking clients of one test to the server in a thread."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._server = scene.blocking_server

    def install(self, patches: pytest.MonkeyPatch) -> None:
        """Reroute names and TLS until *patches* are undone."""
        getaddrinfo, wrap_socket = socket.getaddrinfo, ssl.SSLContext.wrap_socket

        @functools.wraps(getaddrinfo)
        def rerouted(host: Any, port: Any = None, *args: Any, **kwargs: Any) -> Any:
            if not self._scene.names_s3(host, port):
                return getaddrinfo(host, port, *args, **kwargs)
            self._scene.check_playable()
            attempt = connecting.current()
            if attempt is not None:
                attempt.check()
            # An address instead of the name; the rest, such as the kind of socket, is the caller's.
            kind = dict(zip(("family", "type", "proto", "flags"), args, strict=False)) | kwargs
            return getaddrinfo("127.0.0.1", self._server.port, 0, kind.get("type", 0), kind.get("proto", 0))

        @functools.wraps(wrap_socket)
        def plain(context: ssl.SSLContext, sock: socket.socket, *args: Any, **kwargs: Any) -> Any:
            if not self._is_ours(sock):
                return wrap_socket(context, sock, *args, **kwargs)
            attempt = connecting.current()
            if attempt is not None:
                attempt.check(handshake=True)
            name = kwargs.get("server_hostname")
            self._server.origins[sock.getsockname()[1]] = f"https://{name}"
            timeout = sock.gettimeout()
            wrapped = PlainSocket(sock.family, sock.type, sock.proto, fileno=sock.detach())
            wrapped.settimeout(timeout)
            wrapped.server_hostname = name
            return wrapped

        patches.setattr(socket, "getaddrinfo", rerouted)
        patches.setattr(ssl.SSLContext, "wrap_socket", plain)
        certificates.install(patches, self._is_ours)
        pooled.install(self._scene, patches, self._is_ours)

    def _is_ours(self, sock: socket.socket) -> bool:
        try:
            return bool(sock.getpeername() == ("127.0.0.1", self._server.started_port))
        except OSError:
            return False
