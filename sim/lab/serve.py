"""Web server of a folder, for this computer alone."""

from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


__all__ = ["serve"]


def serve(folder: Path, port: int, announce: Callable[[str], None]) -> None:
    """Serve a folder on the loopback address until an interrupt; ``announce`` hears where.

    Port 0 is any that is free. Raises :class:`OSError` if the port is in use.
    """
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        announce(f"http://127.0.0.1:{server.server_port}/")
        server.serve_forever()


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it."""

    def log_message(self, *words: Any) -> None:
        """Say nothing."""
