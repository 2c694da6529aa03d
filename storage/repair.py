"""What is derived from `articles`, triggers, catalogue and search index: whether it agrees with them, and made anew."""

from sqlite_utils import Database

from storage.checkup import missing
from storage.database import Store, StoreError
from storage.schema import index_folded, migrations

_DERIVED = {"catalogue", "replaced", "folded", "articles_fts"}
_COLUMNS = "latest, title, category, written_at, day, month, kind, lang, layout, characters, url, timestamp".split(", ")
_NAMES = ", ".join(_COLUMNS)
# As the triggers write it.
_WANTED = """
    select not exists (select 1 from articles as later where later.url = articles.url and later.timestamp >
      articles.timestamp), title, category, written_at, substr(coalesce(written_at, timestamp), 1, 10),
      substr(coalesce(written_at, timestamp), 1, 7), kind, lang, layout, length(text), url, timestamp from articles
"""
_CATALOGUE = (f"select {_NAMES} from catalogue", _WANTED)  # noqa: S608
_INDEX = ("select id from articles_fts_docsize", "select id from catalogue")
_COUNT = "select max((select count(*) from ({0} except {1})), (select count(*) from ({1} except {0})))"
_CLEAR = """
    delete from catalogue where not exists (
      select 1 from articles where articles.url = catalogue.url and articles.timestamp = catalogue.timestamp)
"""
_NEWER = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[:-2])
_FILL = f"insert into catalogue ({_NAMES}) {_WANTED} where true on conflict (url, timestamp) do update set {_NEWER}"
_FILL_INDEX = (
    "insert into articles_fts (articles_fts) values ('rebuild')",
    "insert into articles_fts (articles_fts, rank) values ('rank', 'bm25(10.0, 1.0)')",
)
_ADVICE = "kbsworld doctor --repair makes them anew"


def catalogue_and_index(db: Database) -> list[str]:
    """What of catalogue and search index does not agree with the articles; of a text, its length is compared."""
    both = (("catalogue", _CATALOGUE), ("search index", _INDEX))
    counts = [(what, *db.execute(_COUNT.format(*rows)).fetchone()) for what, rows in both]
    return [f"{n:,} rows of the {what} do not agree with the articles; {_ADVICE}" for what, n in counts if n]


def repair(store: Store) -> None:
    """Make triggers, views, catalogue and search index anew, in one transaction; ids in `catalogue` stay.

    Raises:
        StoreError: something is missing that is not derived from the articles.
    """
    fresh, db = Database(memory=True), store.db
    migrations.apply(fresh)
    order = "order by instr('table index view trigger', type)"
    sql = f"select type, name, sql from sqlite_master where sql > '' and name not like 'articles_fts_%' {order}"  # noqa: S608
    wanted = list(fresh.execute(sql))
    derived = _DERIVED | {name for kind, name, _ in wanted if kind != "table"}
    if lost := ", ".join(name for name in missing(db) if not name.startswith("articles_fts_") and name not in derived):
        raise StoreError(f"{store.path} has lost {lost}, which nothing can make anew; restore a copy of it.")
    with store.batch():
        db.execute("drop table if exists articles_fts")
        for kind, name, _ in wanted:
            if kind in {"trigger", "view"}:
                db.execute(f"drop {kind} if exists {name}")
        for kind, name, statement in wanted:
            if kind != "trigger" and name in missing(db):
                db.execute(statement)
        for statement in (_CLEAR, _FILL, "delete from folded"):
            db.execute(statement)
        index_folded(db, db.query("select url, timestamp, title, text from articles"))
        for statement in _FILL_INDEX:
            db.execute(statement)
        for kind, _, statement in wanted:
            if kind == "trigger":
                db.execute(statement)
