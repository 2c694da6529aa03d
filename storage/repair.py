"""What is derived from `articles`, catalogue and search index: whether it agrees with them, and made anew."""

import tomllib
from pathlib import Path

from sqlite_utils import Database

from storage.checkup import missing
from storage.database import Store, StoreError
from storage.schema import index_folded, migrations

_SQL = tomllib.loads(Path(__file__).with_name("repair.toml").read_text("utf-8"))


def catalogue_and_index(db: Database) -> list[str]:
    """What of catalogue and search index does not agree with the articles; of a text, its length is compared."""
    counts = [(what, db.execute(sql).fetchone()[0]) for what, sql in _SQL["differences"].items()]
    advice = "do not agree with the articles; kbsworld doctor --repair makes them anew"
    return [f"{count:,} rows of the {what} {advice}" for what, count in counts if count]


def repair(store: Store) -> None:
    """Make triggers, views, catalogue and search index anew, in one transaction; ids in `catalogue` stay.

    Raises:
        StoreError: something is missing that is not derived from the articles.
    """
    fresh, db = Database(memory=True), store.db
    migrations.apply(fresh)
    derived = list(fresh.execute(_SQL["derived"]))
    names = {name for _, name, _, _ in derived}
    lost = [name for name in missing(db) if name not in names and not name.startswith("articles_fts_")]
    if lost:
        raise StoreError(f"{store.path} has lost {', '.join(lost)}, made from nothing else; restore a copy of it.")
    with store.batch():
        for kind, name, _, is_anew in derived:
            if is_anew:
                db.execute(f"drop {kind} if exists {name}")
        triggers = [sql for kind, _, sql, is_anew in derived if kind == "trigger" and is_anew]
        absent = missing(db)
        created = [sql for _, name, sql, _ in derived if name in absent and sql not in triggers]
        for sql in created + _SQL["fill"]["before"]:
            db.execute(sql)
        index_folded(db, db.query("select url, timestamp, title, text from articles"))
        for sql in _SQL["fill"]["after"] + triggers:
            db.execute(sql)
