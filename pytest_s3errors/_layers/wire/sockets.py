"""The `wire` layer for blocking clients: boto3, httpx, requests, urllib3, minio, all on the standard library.

The guard leads every S3 name, address and TLS handshake to a door. This one opens on the server in a thread. A client
that asked for https believes that it has it. Requests, pools, retries and parsers are the client's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_s3errors._guard.door import Door

from . import connect_faults as connecting

if TYPE_CHECKING:
    from pytest_s3errors._scene import BlockingServer, Player, Scene


class SyncWire(Door):
    """The door of one test: it leads to the server in a thread or process."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._scene = scene
        self._server: BlockingServer | None = None  # until a client dials

    def dial(self) -> int:
        """Return the server's port. Raise the fault of the current request if it is one while connecting."""
        return self._dialed().port

    def meet(self, sock: Any) -> None:
        """Connect *sock* to the server. Raise as `dial` does."""
        self._dialed().meet(sock)

    def player(self, sock: Any) -> Player | None:
        """Return the player of *sock* in this thread."""
        return None if self._server is None else self._server.player(sock)

    def _dialed(self) -> BlockingServer:
        self._scene.check_playable()
        attempt = connecting.current()
        if attempt is not None:
            attempt.check()
        self._server = self._server or self._scene.blocking_server
        return self._server

    def shake_hands(self) -> None:
        """Raise a fault of the handshake, if there is one."""
        attempt = connecting.current()
        if attempt is not None:
            attempt.check(handshake=True)

    def note(self, port: int, origin: str) -> None:
        """Tell the server which host the client at *port* asked for."""
        self._scene.blocking_server.origins[port] = origin
