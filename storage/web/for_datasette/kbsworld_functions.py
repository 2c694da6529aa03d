"""For a person's own Datasette: what the queries of kbsworld use, and searches as in its reading room."""

import sqlite3

from datasette import hookimpl

from storage.statistics import register


@hookimpl(trylast=True)  # after its own escape_fts
def prepare_connection(conn: sqlite3.Connection) -> None:
    register(conn)
