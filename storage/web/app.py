"""Datasette over one database, served to this machine until a signal ends it."""

import asyncio
import gc
import json
import logging
import re
import signal
import socket
import sqlite3
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import uvicorn
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted, Results
from datasette.plugins import pm
from datasette.utils import parse_metadata

from storage.charts import chart
from storage.children import Children
from storage.database import is_at_rest
from storage.statistics import STATISTICS, Language, Statistic
from storage.web import plugin, queries
from storage.web.guard import Guests, guard

_HERE = Path(__file__).parent
# On rows of `catalogue`. datasette-dashboards leaves out a part in double brackets if its parameter is empty.
_FILTERED = (
    "catalogue.latest [[ and catalogue.day >= :since ]] [[ and catalogue.day <= :until ]] "
    "[[ and catalogue.category = :category ]] [[ and catalogue.lang = :lang ]]"
)
# The charts are interpreted, since no page may make code of text; nothing that is stored becomes HTML.
_EMBEDDING = {"ast": True, "actions": False, "renderer": "svg", "defaultStyle": False, "tooltip": False}


def reading_room(path: Path) -> Datasette:
    """Datasette with the project's pages, queries and dashboards over an up-to-date database, not served yet."""
    pm.register(plugin)
    # Datasette's own error page prints a traceback for each address that does not exist.
    pm.set_blocked("datasette.handle_exception")
    metadata = _metadata()
    # Of this folder it takes the templates and static files.
    datasette = Datasette([], config_dir=_HERE, settings=metadata.pop("settings"), metadata=metadata)
    datasette.remove_database("_memory")
    datasette.add_database(_ReadOnlyDatabase(datasette, path), name=plugin.DATABASE)
    return datasette


def metadata_for_datasette(path: Path) -> tuple[str, Path]:
    """Metadata as JSON, and a folder of plugins, for a person's own `datasette` on a database."""
    metadata = _metadata()
    del metadata["settings"]
    for query in metadata["databases"][plugin.DATABASE]["queries"].values():
        query |= {name: query[name]["en"] for name in ("title", "description") if name in query}
    # Their Datasette names a database after its file.
    ours, theirs = (json.dumps(name, ensure_ascii=False) for name in (plugin.DATABASE, path.stem))
    return json.dumps(metadata, ensure_ascii=False, indent=2).replace(ours, theirs), _HERE / "for_datasette"


def _metadata() -> dict[str, Any]:
    """The metadata of the reading room, with the charts."""
    metadata: dict[str, Any] = parse_metadata((_HERE / "metadata.yaml").read_text("utf-8"))
    for language, dashboard in metadata["plugins"]["datasette-dashboards"].items():
        dashboard["charts"] = charts(language)
    return metadata


def charts(language: Language) -> dict[str, Any]:
    """The statistics as the charts of a dashboard of datasette-dashboards."""
    return {
        name: {
            "db": plugin.DATABASE,
            "query": statistic.query(_FILTERED, language),
            "library": "vega-lite",  # the plugin's other kinds write values into the page as HTML
            **_shown(statistic, language),
            "by_year": _shown(statistic.by_year(), language),
        }
        for name, statistic in STATISTICS.items()
    }


def _shown(statistic: Statistic, language: Language) -> dict[str, Any]:
    display = {**chart(statistic, language), "background": None, "usermeta": {"embedOptions": _EMBEDDING}}
    return {"title": statistic.title[language], "display": display}


def serve(path: Path, port: int, ready: Callable[[str], None], invite: Callable[[str], None] | None = None) -> None:
    """Serve a database until SIGINT, SIGTERM or SIGHUP; call it in the main thread.

    Afterwards end the process with os._exit: a query may still run in a thread, and Python would wait for it.
    These signals have no effect any more then.

    Args:
        path: an up-to-date database.
        port: 0 finds a free one.
        ready: called with the address on this machine as soon as it accepts connections.
        invite: called with a link that lets one browser of the local network in, first and after each that came in.
            None: nobody but this machine is answered.

    Raises:
        OSError: the port is in use or not allowed.
    """
    # Datasette drops the other facets of a page when one is wrong; asyncio warns about each line written to a
    # visitor who has left.
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with socket.create_server(("0.0.0.0" if invite else "127.0.0.1", port)) as listening:  # noqa: S104  (asked for)
        # Accepted connections inherit this; without it each answer but the first waits 40 ms (RFC 896, RFC 1122).
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = listening.getsockname()[1]
        guests = invite and Guests(lambda link: invite(f"http://{_own_address()}:{port}{link}"))
        app = guard(reading_room(path).app(), guests)
        config = uvicorn.Config(app, log_config=None, log_level="critical", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        # uvicorn's own would raise signals a second time at the end, and ignore SIGHUP.
        server.capture_signals = nullcontext  # type: ignore[assignment, method-assign]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, server.handle_exit)
        gc.freeze()  # what is there stays: to look through it took 60 ms of each tenth page
        ready(f"http://127.0.0.1:{port}/")
        if guests:
            guests.invite()
        server.run(sockets=[listening])


def _own_address() -> str:
    """This machine's address in the local network; OSError, with a sentence, where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # of no network: nothing is sent
        except OSError as error:
            raise OSError("This machine is in no network; leave out --share, or connect it.") from error
        return str(asking.getsockname()[0])


class _ReadOnlyDatabase(Database):  # type: ignore[misc]
    """A database whose path may hold any character, and whose queries run in processes, as many as there are threads.

    Only the pages' own queries run in threads (`execute_fn`).
    """

    def __init__(self, datasette: Datasette, path: Path) -> None:
        super().__init__(datasette, path=str(path), is_mutable=not is_at_rest(path))
        self._uri = f"{path.as_uri()}?mode=ro{'' if self.is_mutable else '&immutable=1'}"
        threads = datasette.setting("num_sql_threads")
        self._children = Children(threads, "forkserver", datasette.sql_time_limit_ms / 1000)

    def connect(self, write: bool = False) -> sqlite3.Connection:  # noqa: ARG002  (Datasette names it)
        return sqlite3.connect(self._uri, uri=True, check_same_thread=False)

    async def execute(self, sql: str, params: Any = None, truncate: bool = False, **options: Any) -> Results:
        limit, most = self.ds.sql_time_limit_ms, self.ds.max_returned_rows
        limit = min(options.get("custom_time_limit") or limit, limit)
        most = most + (options.get("page_size") == most) if truncate else sys.maxsize
        values = list(params) if isinstance(params, list | tuple) else dict(params or {})
        asked = self._children.submit(queries.answer, self._uri, sql, values, most, timeout=limit / 1000)
        try:
            names, rows, is_cut = await asyncio.wrap_future(asked)
        except (BrokenExecutor, TimeoutError) as error:
            raise QueryInterrupted(error, sql, params) from error
        # A page of a table that is cut would be its last one.
        if is_cut and len(rows) < most and (not truncate or re.search(r" limit [0-9]+( offset [0-9]+)?$", sql)):
            raise sqlite3.OperationalError("these rows are too long in all; ask for fewer rows or columns")
        # Datasette wants rows of this kind, which only a cursor with these columns can make.
        columns = ", ".join('null as "{}"'.format(name.replace('"', '""')) for name in names)
        cursor = sqlite3.connect(":memory:").execute(f"select {columns or 'null'}")
        return Results([sqlite3.Row(cursor, row) for row in rows], is_cut, cursor.description)
