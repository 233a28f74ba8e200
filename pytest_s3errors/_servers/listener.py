"""A loopback listener. Whoever connects takes the other end too, so no thread and no event loop has to accept."""

from __future__ import annotations

import socket

from pytest_s3errors._time.waits import READ, look

_PATIENCE_S = 10


class Listener:
    """A TCP listener on 127.0.0.1, at a port that the system chooses."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.settimeout(0)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
        self.port: int = self.sock.getsockname()[1]
        self._accepted: dict[int, socket.socket] = {}  # of clients that are about to take theirs, by their port

    def meet(self, client: socket.socket) -> tuple[socket.socket, int]:
        """Connect *client*. Return the other end, which does not block, and the client's port."""
        client.connect(("127.0.0.1", self.port))
        port: int = client.getsockname()[1]
        while port not in self._accepted:
            try:
                end, (_, other) = self.sock.accept()
            except BlockingIOError:  # the kernel still has to finish the handshake
                look([(self.sock.fileno(), READ)], _PATIENCE_S)
            else:
                end.settimeout(0)
                self._accepted[other] = end
        return self._accepted.pop(port), port

    def strangers(self) -> list[tuple[socket.socket, int]]:
        """Return the ends of clients that `meet` found here, with their ports, for whoever serves them: once."""
        found = [(end, port) for port, end in self._accepted.items()]
        self._accepted.clear()
        return found

    def files(self) -> tuple[socket.socket, ...]:
        """Return all sockets."""
        return self.sock, *self._accepted.values()

    def close(self) -> None:
        """Close the listener, and the ends that nobody took."""
        for sock in self.files():
            sock.close()
