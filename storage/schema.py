"""The database's schema, as migrations of sqlite-utils: the files in `migrations/`, in the order of their names.

Never change one that was released, add another. Statements are separated by blank lines.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from storage.query import fold

migrations = Migrations("kbsworld")

#: The longer SQL of this package, by names: `sql.toml`.
SQL: Mapping[str, Any] = tomllib.loads(Path(__file__).with_name("sql.toml").read_text("utf-8"))
#: How the search index splits texts into words.
TOKENIZE = "unicode61 remove_diacritics 2"


def _add(file: Path) -> None:
    @migrations(name=file.stem)
    def apply(db: Database) -> None:
        # One by one: executescript would commit what came before.
        for statement in file.read_text("utf-8").split("\n\n"):
            db.execute(statement)


for _file in sorted(Path(__file__).with_name("migrations").glob("*.sql")):
    _add(_file)


def index_folded(db: Database, rows: Iterable[dict[str, Any]]) -> None:
    """Give the index what of rows of `articles` search folds, where that makes a difference."""
    sql = "insert into folded select id, ?, ? from catalogue where url = ? and timestamp = ?"
    for row in rows:
        title, text = row["title"] and fold(row["title"]), fold(row["text"])
        if (title, text) != (row["title"], row["text"]):
            db.execute(sql, [title, text, row["url"], row["timestamp"]])


@migrations(name="m007_folded_texts")
def _index_all_folded(db: Database) -> None:
    index_folded(db, db.query("select url, timestamp, title, text from articles"))
