"""Datasette over one database, served to this machine until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm

from storage.database import is_at_rest
from storage.web.dashboards import dashboards
from storage.web.queries import named_queries
from storage.web.room import DATABASE, ReadingRoom

_HERE = Path(__file__).parent
_SETTINGS = {
    "allow_download": False,
    "facet_time_limit_ms": 2000,
    "sql_time_limit_ms": 5000,
    "suggest_facets": False,
    "max_returned_rows": 5000,
    "num_sql_threads": 3,
    "truncate_cells_html": 200,  # of tables alone: an article has a page of its own
    "default_cache_ttl": 0,  # a crawl may be writing
}
# Seconds that answers under way have to end when the room closes, and between two words to SQLite that it does.
_GRACE_SECONDS = 1
_POLL_SECONDS = 0.05
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def reading_room(path: Path) -> Datasette:
    """The room, not served yet: an ASGI application in `.app()`.

    Args:
        path: a database of kbsworld that is up to date.
    """
    if pm.get_plugin(ReadingRoom.__name__) is None:
        pm.register(ReadingRoom(), name=ReadingRoom.__name__)
        # Its own page for errors is replaced; it would print a traceback for each address that is not there.
        pm.set_blocked("datasette.handle_exception")
    room = Datasette(
        [],
        settings=_SETTINGS,
        template_dir=str(_HERE / "templates"),
        static_mounts=[("room", str(_HERE / "static"))],
        metadata=_metadata(),
    )
    room.remove_database("_memory")
    at_rest = is_at_rest(path)
    room.add_database(_File(room, path=str(path), is_mutable=not at_rest), name=DATABASE)
    return room


def serve(path: Path, port: int, ready: Callable[[str], None]) -> bool:
    """Serve the room until SIGINT, SIGTERM or SIGHUP, which do nothing any more then; the main thread's to call.

    Args:
        path: as of `reading_room`.
        port: on 127.0.0.1; 0: one that is free.
        ready: called with its address once it answers.

    Returns:
        Whether every query has ended. SQLite can be told to end one only between two steps, and a step may be long;
        Python waits for its thread then, unless the process is ended by os._exit.

    Raises:
        OSError: the port is taken, or may not be used.
    """
    with socket.create_server(("127.0.0.1", port)) as listening:
        # Connections have it from this one; without it each answer but the first waits for 40 ms (RFC 896, RFC 1122).
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        return asyncio.run(_serve(reading_room(path), listening, partial(ready, address)))


class _File(Database):  # type: ignore[misc]
    """A database whose path may hold any character, and whose queries can be ended."""

    def connect(self, write: bool = False) -> sqlite3.Connection:
        if write:
            raise ValueError("The reading room does not write.")
        uri = f"{Path(self.path).as_uri()}?mode=ro{'' if self.is_mutable else '&immutable=1'}"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False, factory=_Connection)
        self._all_file_connections.append(connection)
        return connection

    async def execute(self, sql: str, params: Any = None, **options: Any) -> Any:
        """As Datasette's, with errors told on the page alone: what a query holds is nothing for a terminal."""
        return await super().execute(sql, params, **{**options, "log_sql_errors": False})

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        """As Datasette's: `fn` in a thread, with that thread's connection."""

        def tidy(connection: _Connection) -> Any:
            try:
                return fn(connection)
            finally:
                connection.close_cursors()

        return await super().execute_fn(tidy)

    def interrupt(self) -> None:
        for connection in self._all_file_connections:
            connection.interrupt()


class _Connection(sqlite3.Connection):
    """A connection whose cursors are closed by the thread that used them.

    One that an error's traceback holds would live until Python collects garbage, in whichever thread: closed by
    another page's, it makes that page wait until the query ends that this connection is running by then.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cursors: list[sqlite3.Cursor] = []

    def cursor(self, *args: Any, **options: Any) -> Any:
        cursor = super().cursor(*args, **options)
        self._cursors.append(cursor)
        return cursor

    def close_cursors(self) -> None:
        while self._cursors:
            self._cursors.pop().close()


class _Server(uvicorn.Server):
    """Leaves signals to who runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(room: Datasette, listening: socket.socket, ready: Callable[[], None]) -> bool:
    # Datasette leaves the other facets of a page where one is wrong, which Python remarks upon.
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
    await room.invoke_startup()
    config = uvicorn.Config(
        room.app(),
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        lifespan="on",
    )
    server = _Server(config)
    # Of each line that is written for a reader who has gone, it says so.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    closing = asyncio.Event()
    _call_at_endings(closing.set)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    ready()
    await asyncio.wait({serving, asyncio.create_task(closing.wait())}, return_when=asyncio.FIRST_COMPLETED)
    ended = await _close(room, server, serving)
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)  # which Python leaves so when it ends, as it does not with handlers
    return ended


async def _close(room: Datasette, server: _Server, serving: asyncio.Task[None]) -> bool:
    """End all answers, and all queries; whether they have ended."""
    database = room.get_database(DATABASE)
    server.should_exit = True
    ending = threading.Thread(target=partial(room.executor.shutdown, cancel_futures=True), daemon=True)
    # What an answer says of being interrupted, nobody needs to know.
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        while not serving.done():
            database.interrupt()  # nobody waits for the answer, and the process would
            await asyncio.sleep(_POLL_SECONDS)
        database.interrupt()
        ending.start()
        ending.join(_GRACE_SECONDS)
    await serving
    if ending.is_alive():
        return False
    database.close()
    return True


def _call_at_endings(close: Callable[[], None]) -> None:
    """Have signals close the room.

    Not through the loop's `add_signal_handler`, which gives them back at its end: a second one that comes while the
    process ends would kill it.
    """
    loop = asyncio.get_running_loop()

    def call(*_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(close)

    for number in _ENDINGS:
        signal.signal(number, call)


def _metadata() -> dict[str, Any]:
    """What Datasette is told of the database."""
    catalogue = {
        "title": "Articles",
        "fts_table": "articles_fts",
        "fts_pk": "id",
        "label_column": "title",
        "sort_desc": "timestamp",
        "size": 50,
    }
    return {
        "databases": {DATABASE: {"title": "KBS World", "tables": {"catalogue": catalogue}, "queries": named_queries()}},
        "plugins": {"datasette-dashboards": dashboards(DATABASE)},
    }
