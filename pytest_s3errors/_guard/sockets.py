"""The lowest guard for every client on Python's sockets: names, connections and TLS, blocking or in event loops.

Every lookup of an S3 name leads to the door. So does an address that the test treats as S3's, and a connection without
a lookup. A client with its own resolver or proxy may get past all that, but still shows its target when it starts TLS:
the server name.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .door import ADDRESS, Door, is_address, is_ours, leads_to_us, number_of, text_of
from .seams import lead

if TYPE_CHECKING:
    import socket

_TLS_OPTIONS = ("ssl", "server_hostname", "ssl_handshake_timeout", "ssl_shutdown_timeout")
_ADDRESS_OPTIONS = ("family", "flags", "happy_eyeballs_delay", "interleave", "all_errors")


def install(socket_module: Any) -> None:
    """Lead lookups and connections of *socket_module*, Python's own or gevent's, through their test's door."""
    # socket.getaddrinfo calls _socket.getaddrinfo each time, so code that keeps a copy of it meets the seam too.
    of_python = socket_module.__name__ == "socket"
    lead(getattr(socket_module, "_socket", socket_module) if of_python else socket_module, "getaddrinfo", _getaddrinfo)
    lead(socket_module, "gethostbyname", _gethostbyname)
    lead(socket_module, "gethostbyname_ex", _gethostbyname_ex)
    lead(socket_module, "socket.connect", _connect)
    lead(socket_module, "socket.connect_ex", _connect)
    lead(socket_module, "socket.send", _send)
    lead(socket_module, "socket.sendall", _send)
    lead(socket_module, "socket.close", _close)
    for name in ("sendfile", "sendmsg", "sendto", "shutdown"):
        if hasattr(socket_module.socket, name):
            lead(socket_module, f"socket.{name}", _unseen)
    install_create_connection(socket_module)


def install_create_connection(home: Any) -> None:
    """Do the same for a `create_connection`, the standard library's or urllib3's, which then needs no lookup."""
    lead(home, "create_connection", _create_connection)


def _create_connection(create: Any) -> Any:
    def create_connection(door: Door, address: Any, *args: Any, **kwargs: Any) -> Any:
        host, port = text_of(address[0]), number_of(address[1])
        if host is None or not (host == ADDRESS or door.takes(host.strip("[]"), port)):
            return create(address, *args, **kwargs)
        given = dict(zip(("timeout", "source_address", "socket_options"), args, strict=False)) | kwargs
        return _connected(door, given.get("timeout", ...), given.get("socket_options"))

    return create_connection


def _connected(door: Door, timeout: Any, options: Any) -> socket.socket:
    import socket  # noqa: PLC0415 - the caller has imported it

    sock = socket.socket()
    try:
        for option in options or ():
            sock.setsockopt(*option)
        if timeout is None or isinstance(timeout, int | float):  # anything else means the default
            sock.settimeout(timeout)
        door.meet(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def install_uvloop(uvloop: Any) -> None:
    """Do the same in uvloop's loops, which don't use Python's sockets."""
    install_loop(uvloop, "Loop")
    lead(uvloop, "Loop.getaddrinfo", _loop_getaddrinfo)
    lead(uvloop, "Loop.sock_connect", _sock_connect)


def _loop_getaddrinfo(lookup: Any) -> Any:
    def getaddrinfo(door: Door, loop: Any, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if not _takes(door, host, port):
            return lookup(loop, host, port, *args, **kwargs)
        return lookup(loop, "127.0.0.1", door.dial(), type=kwargs.get("type", 0), proto=kwargs.get("proto", 0))

    return getaddrinfo


def _sock_connect(connect: Any) -> Any:
    def sock_connect(door: Door, loop: Any, sock: socket.socket, address: Any) -> Any:
        return connect(loop, sock, _instead_of(door, sock, address))

    return sock_connect


def _takes(door: Door, host: object, port: object) -> bool:
    name = text_of(host)
    if name is None:
        return False
    number = number_of(port)
    if number is not None and leads_to_us(door, (name, number)):
        return False
    return name == ADDRESS or door.takes(name, number)


def _getaddrinfo(lookup: Any) -> Any:
    def getaddrinfo(door: Door, host: Any, port: Any = None, *args: Any, **kwargs: Any) -> Any:
        if not _takes(door, host, port):
            return lookup(host, port, *args, **kwargs)
        # Replace the name by an address. The rest, such as the kind of socket, stays the caller's.
        kind = dict(zip(("family", "type", "proto", "flags"), args, strict=False)) | kwargs
        return lookup("127.0.0.1", door.dial(), 0, kind.get("type", 0), kind.get("proto", 0))

    return getaddrinfo


def _gethostbyname(lookup: Any) -> Any:
    return lambda door, host: ADDRESS if _takes(door, host, None) else lookup(host)


def _gethostbyname_ex(lookup: Any) -> Any:
    return lambda door, host: (host, [], [ADDRESS]) if _takes(door, host, None) else lookup(host)


def _connect(connect: Any) -> Any:
    def connecting(door: Door, sock: socket.socket, address: Any) -> Any:
        return connect(sock, _instead_of(door, sock, address))

    return connecting


def _send(send: Any) -> Any:
    """Give what is sent to the player in this thread. `sendall` returns nothing, `send` the number of bytes."""
    counts = send.__name__ == "send"

    def sending(door: Door, sock: socket.socket, data: Any, *flags: int) -> int | None:
        player = door.player(sock)
        if player is None or flags:
            return send(sock, data, *flags)  # type: ignore[no-any-return]
        view = memoryview(data).cast("B")
        if view and not player.take(view):
            return send(sock, data)  # type: ignore[no-any-return]
        return len(view) if counts else None

    return sending


def _unseen(act: Any) -> Any:
    def acting(door: Door, sock: socket.socket, *args: Any, **kwargs: Any) -> Any:
        player = door.player(sock)
        if player is not None:
            player.leave()
        return act(sock, *args, **kwargs)

    return acting


def _close(close: Any) -> Any:
    def closing(door: Door, sock: socket.socket) -> None:
        player = door.player(sock)
        close(sock)
        if player is not None:
            player.look()

    return closing


def _instead_of(door: Door, sock: Any, address: Any) -> Any:
    """Return the address to connect *sock* to: *address*, or our server's."""
    if sock.family.name not in ("AF_INET", "AF_INET6") or not isinstance(address, tuple):
        return address
    if not _takes(door, address[0], address[1] if len(address) > 1 else None):
        return address
    host = "127.0.0.1" if sock.family.name == "AF_INET" else "::ffff:127.0.0.1"
    return host, door.dial()


class NoTls:
    """Answer what clients ask a TLS connection about the host that they dialed."""

    context: Any = None
    server_hostname: str | None = None

    def getpeercert(self, binary_form: bool = False) -> dict[str, Any] | bytes:  # noqa: FBT001, FBT002 - ssl's signature
        """Return the certificate that the host would have shown. There is none in binary form."""
        if binary_form:
            return b""
        name = self.server_hostname or ""
        kind = "IP Address" if is_address(name) else "DNS"
        return {"subject": ((("commonName", name),),), "subjectAltName": ((kind, name),)}

    def selected_alpn_protocol(self) -> str | None:
        """Return None: HTTP/1.1."""
        return None

    def version(self) -> str:
        """Return the version of TLS."""
        return "TLSv1.3"

    def cipher(self) -> tuple[str, str, int]:
        """Return a cipher of that version."""
        return "TLS_AES_256_GCM_SHA384", "TLSv1.3", 256

    def pending(self) -> int:
        """Return 0: there is no TLS layer, so it holds no bytes."""
        return 0


@functools.cache
def _plain_socket() -> Any:
    import socket  # noqa: PLC0415 - a child without sockets does not import it

    class PlainSocket(NoTls, socket.socket):
        """A TCP connection that poses as a TLS connection."""

    return PlainSocket


def install_tls(ssl: Any) -> None:
    """Skip the handshake with our server, and start none with S3."""
    lead(ssl, "SSLContext.wrap_socket", _wrap_socket)
    lead(ssl, "SSLContext.wrap_bio", _wrap_bio)


def _wrap_socket(wrap_socket: Any) -> Any:
    def plain(door: Door, context: Any, sock: Any, *args: Any, **kwargs: Any) -> Any:
        name = kwargs.get("server_hostname", args[3] if len(args) > 3 else None)  # noqa: PLR2004 - wrap_socket's fifth
        if not is_ours(door, sock):
            _check_aim(door, name)
            return wrap_socket(context, sock, *args, **kwargs)
        door.shake_hands()
        door.note(sock.getsockname()[1], f"https://{name}")
        timeout = sock.gettimeout()
        wrapped = _plain_socket()(sock.family, sock.type, sock.proto, fileno=sock.detach())
        wrapped.settimeout(timeout)
        wrapped.context, wrapped.server_hostname = context, name
        return wrapped

    return plain


def _wrap_bio(wrap_bio: Any) -> Any:
    def checked(door: Door, context: Any, *args: Any, **kwargs: Any) -> Any:
        _check_aim(door, kwargs.get("server_hostname", args[3] if len(args) > 3 else None))  # noqa: PLR2004 - as above
        return wrap_bio(context, *args, **kwargs)

    return checked


def _check_aim(door: Door, name: object) -> None:
    """Raise if TLS is about to start with an S3 host over a connection that leads elsewhere."""
    host = text_of(name)
    if host is not None and door.takes(host, None):
        raise door.refuse(host, "over a connection that a proxy or a resolver of its own has made")


def install_loop(home: Any, kind: str) -> None:
    """Lead the connections of event loops of a *kind* in *home*, including streams, through their test's door."""
    lead(home, f"{kind}.create_connection", _loop_create_connection)
    lead(home, f"{kind}.start_tls", _start_tls)


def _loop_create_connection(create: Any) -> Any:
    async def create_connection(
        door: Door, loop: Any, factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        sock, asked = options.get("sock"), options.get("server_hostname") or host
        if sock is None and host is not None and _takes(door, host, port):
            host, port = "127.0.0.1", door.dial()
            for name in _ADDRESS_OPTIONS:
                options.pop(name, None)
        elif sock is None or not is_ours(door, sock):
            return await create(loop, factory, host, port, **options)
        if options.get("ssl"):
            door.shake_hands()
        made = await create(loop, factory, host, port, **{k: v for k, v in options.items() if k not in _TLS_OPTIONS})
        if options.get("ssl"):
            _pretend(door, made[0], asked, options["ssl"])
        return made

    return create_connection


def _start_tls(start: Any) -> Any:
    async def start_tls(door: Door, loop: Any, transport: Any, protocol: Any, context: Any, **options: Any) -> Any:
        peer = transport.get_extra_info("peername")
        if options.get("server_side") or not leads_to_us(door, peer):
            return await start(loop, transport, protocol, context, **options)
        door.shake_hands()
        _pretend(door, transport, options.get("server_hostname"), context)
        return transport

    return start_tls


def _pretend(door: Door, transport: Any, host: str | None, context: Any) -> None:
    """Make *transport* answer as one with TLS to *host*."""
    door.note(transport.get_extra_info("sockname")[1], f"https://{host}")
    extra = getattr(transport, "_extra", None)
    if isinstance(extra, dict):  # asyncio's own; uvloop's transports take none
        answers = NoTls()
        answers.context, answers.server_hostname = context, host
        extra |= {
            "ssl_object": answers,
            "sslcontext": context,
            "peercert": answers.getpeercert(),
            "cipher": answers.cipher(),
        }
