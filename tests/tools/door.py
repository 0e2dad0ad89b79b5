"""A TCP port that leads to a Unix socket: most tools know no other way to a server."""

import contextlib
import select
import socket
import socketserver
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def door(path: str) -> Iterator[int]:
    """A free port of 127.0.0.1 that passes on to the socket at ``path`` what comes in, and back."""

    class Guest(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as host:
                host.connect(path)
                others = {self.request: host, host: self.request}
                with contextlib.suppress(OSError):
                    while True:
                        for one in select.select(list(others), [], [])[0]:
                            if not (data := one.recv(65536)):
                                return
                            others[one].sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Guest) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
