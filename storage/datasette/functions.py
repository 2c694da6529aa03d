"""x"""

import sqlite3


def register(connection: sqlite3.Connection) -> None:
    pass
