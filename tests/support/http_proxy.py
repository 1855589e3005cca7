"""A proxy before an HTTP server that loses answers: the server has sent them, the client never gets them."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class LosingProxy:
    """Hands requests on; `loses` answers more are dropped, `instead` of them is sent, and their connections closed."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.loses = 0
        self.lost = 0
        self.instead = b""
        self._client: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """Where to call."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Begin to take connections, one after the other."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more, and end the connection that a client still keeps open."""
        self._listener.shutdown(socket.SHUT_RDWR)
        if self._client is not None:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._client = client
            with client, suppress(ConnectionError):
                self._hand_on(client)

    def _hand_on(self, client: socket.socket) -> None:
        """One connection of a client, each request of which has a short answer."""
        with socket.create_connection(("127.0.0.1", self.server_port)) as server:
            while request := _request(client):
                server.sendall(request)
                answer = server.recv(65536)
                if self.loses:
                    self.loses -= 1
                    self.lost += 1
                    client.sendall(self.instead)
                    return
                client.sendall(answer)


def _request(client: socket.socket) -> bytes:
    """A whole request, in however many pieces head and body come; empty at the end of the connection."""
    request = b""
    while True:
        head, ended, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        if ended and len(body) >= int(length[1] if length else 0):
            return request
        piece = client.recv(65536)
        if not piece:
            return b""
        request += piece


@contextmanager
def losing_proxy(server_port: int) -> Iterator[LosingProxy]:
    """A proxy before the server on this port of this machine."""
    proxy = LosingProxy(server_port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
