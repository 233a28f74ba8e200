"""A real S3-compatible server behind the rules: requests are signed again and forwarded on separate connections.

A connection is a plain blocking socket to an address that was looked up before the test, so that neither what reroutes
the clients under test nor their clock sees it. One to a request: none is found stale, and none is left open.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_s3errors._core.body import PIECE_BYTES, SPOOLED_BYTES, Body, pieces
from pytest_s3errors._core.s3.backend import BackendError
from pytest_s3errors._core.s3.forward import Forward, answered
from pytest_s3errors._spool import Spooled
from s3_asyncio_client._core.addressing import canonical_query
from s3_asyncio_client._core.signing import Credentials, sign_request

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.parse_backend import BackendSpec
    from pytest_s3errors._core.s3.messages import Call, Response

PATIENCE_S = 30.0


@lru_cache(maxsize=8)
def sender_to(spec: BackendSpec) -> ToServer:
    """Return the sender to the server of *spec*, one for all tests.

    Raises:
        BackendError: Its name has no address.
    """
    return ToServer(spec)


class _Connection(http.client.HTTPConnection):
    """A connection that is here already, and is made by nobody else.

    Its `putrequest` is the standard library's for good: in a test that one is watched, and takes what is kept open to
    an address of S3's for a connection of the code under test.
    """

    auto_open = 0
    putrequest = http.client.HTTPConnection.putrequest


class ToServer:
    """Sends requests to one server and reads its answers. It does not follow redirects."""

    def __init__(self, spec: BackendSpec) -> None:
        assert spec.credentials is not None  # a server's spec has some
        self._spec, known = spec, spec.credentials
        self._credentials = Credentials(known.access_key, known.secret_key, known.session_token)
        self._context = ssl.create_default_context() if spec.scheme == "https" else None
        try:
            found = socket.getaddrinfo(spec.host, spec.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise BackendError(f"{self._who}: {spec.host} has no address: {error}") from None
        self._addresses = [(family, address) for family, _, _, _, address in found]

    @property
    def _who(self) -> str:
        return f"the backend {self._spec.name} (ini s3_backend)"

    def __call__(self, call: Call, asked: Forward) -> Response:
        """Send *asked*, which means *call*.

        Raises:
            BackendError: The server can't be reached, or what it says is no HTTP.
        """
        __tracebackhide__ = True
        try:
            return self._exchanged(call, asked)
        except TimeoutError:
            why = f"no answer within {PATIENCE_S:g} s; a server in the test's own event loop can't give one"
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
        # Not chained: what the error holds are signed requests.
        raise BackendError(f"{self._who} did not answer {call.operation or call.method}: {why}") from None

    def _exchanged(self, call: Call, asked: Forward) -> Response:
        spec = self._spec
        connection = _Connection(spec.host, spec.port)
        connection.sock = self._connected()
        try:
            query = canonical_query(asked.params)
            # Not request(), where clients under test are watched.
            connection.putrequest(
                asked.method,
                f"{asked.path}?{query}" if query else asked.path,
                skip_host=True,
                skip_accept_encoding=True,
            )
            for name, value in self._signed(asked).items():
                connection.putheader(name, value.encode())
            connection.putheader("Content-Length", str(len(asked.body)))
            connection.putheader("Connection", "close")
            connection.endheaders()
            for piece in pieces(asked.body):
                connection.send(piece)
            with connection.getresponse() as response:
                return answered(call, response.status, response.getheaders(), _body(response))
        finally:
            connection.close()

    def _signed(self, asked: Forward) -> dict[str, str]:
        return sign_request(
            method=asked.method,
            url=f"{self._spec.name}{asked.path}",
            params=asked.params,
            headers=asked.headers,
            payload_hash=asked.payload_hash,
            credentials=self._credentials,
            region=self._spec.region,
            now=datetime.now(UTC),
        )

    def _connected(self) -> socket.socket:
        for family, address in self._addresses[:-1]:
            try:
                return self._dialled(family, address)
            except OSError:
                continue
        return self._dialled(*self._addresses[-1])

    def _dialled(self, family: int, address: tuple[object, ...]) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(PATIENCE_S)
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock if self._context is None else self._context.wrap_socket(sock, server_hostname=self._spec.host)
        except BaseException:
            sock.close()
            raise


def _body(response: http.client.HTTPResponse) -> Body:
    """Return the whole body of an answer, on disk if it is large."""
    start = response.read(SPOOLED_BYTES)
    if len(start) < SPOOLED_BYTES:
        whole: Body = start
    else:
        spooled = Spooled()
        spooled.write(start)
        while piece := response.read(PIECE_BYTES):
            spooled.write(piece)
        whole = spooled.finish()
    if response.length:  # so many bytes were promised beyond what came
        raise http.client.IncompleteRead(b"", response.length)
    return whole
