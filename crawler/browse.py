"""The work of `scrapy browse`: the reading room is opened, and closed again by a signal."""

from __future__ import annotations

import errno
import os
import webbrowser
from pathlib import Path

from crawler.terminal import tell
from storage.database import open_to_read

_LAST_PORT = 65535


class Browse:
    """One call."""

    def __init__(self, database: str, port: str, *, open_browser: bool) -> None:
        """The room to be.

        Args:
            database: KBS_DB.
            port: as given.
            open_browser: whether the person's browser shall open it.

        Raises:
            ValueError: the port is none; the message is a sentence.
            ImportError: Datasette is missing; so is this.
        """
        if not port.isdecimal() or int(port) > _LAST_PORT:
            raise ValueError(f"--port {port} is no port; give a number up to {_LAST_PORT}, or 0 for one that is free.")
        try:
            import datasette_dashboards  # noqa: F401
            import rapidfuzz  # noqa: F401
        except ImportError as error:
            raise ImportError("scrapy browse needs Datasette: pip install 'kbsworld[browse]'.") from error
        self._database = database
        self._port = int(port)
        self._open_browser = open_browser

    def run(self) -> int:
        """Serve until a signal comes; the exit status.

        Raises:
            StoreError: there is no database that can be read; the message is a sentence.
            OSError: the port cannot be had; so is this.
        """
        from storage.web.app import serve

        with open_to_read(self._database, tell):
            pass
        try:
            serve(Path(self._database).expanduser().resolve(), self._port, self._say_where)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EPERM}:
                raise OSError(
                    f"Port {self._port} cannot be had ({os.strerror(error.errno)}); name another one: --port 0."
                ) from error
            raise
        except KeyboardInterrupt:  # a signal came before it answered
            pass
        tell("Closed.")
        os._exit(0)  # a query may still run in a thread

    def _say_where(self, address: str) -> None:
        print(address, flush=True)
        tell("The reading room is open, to be read alone; Ctrl-C closes it.")
        if self._open_browser:
            webbrowser.open(address)
