"""The database's schema, as migrations of sqlite-utils: never change one that was released, add another below it."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("kbsworld")

#: How the search index parts texts into words. Letters are found with and without their accents, capital or not: coree
#: finds Corée.
TOKENIZE = "unicode61 remove_diacritics 2"


@migrations()
def m001_articles_and_refusals(db: Database) -> None:
    """One row a version of an article, and one a capture that held none. Columns have the names of Article's fields."""
    provenance = {"fetched_at": str, "archive_file": str, "archive_offset": int}
    db.table("articles").create(
        {
            "url": str,
            "timestamp": str,
            "kind": str,
            "lang": str,
            "title": str,
            "category": str,
            "written_at": str,
            "updated_at": str,
            "paragraphs": str,
            "text": str,
            "image_url": str,
            "image_credit": str,
            "has_video": int,
            "truncated": int,
            "layout": str,
            "source_url": str,
            **provenance,
        },
        pk=("url", "timestamp"),
        not_null={"kind", "lang", "paragraphs", "text", "has_video", "truncated", "layout", "fetched_at"},
        strict=True,
    )
    db.table("articles").create_index(["timestamp"])
    db.table("refusals").create(
        {"url": str, "reason": str, **provenance},
        pk=("url", "fetched_at"),
        not_null={"reason"},
        strict=True,
    )
    db.create_view(
        "latest_articles",
        """
        select * from articles
        where timestamp = (select max(versions.timestamp) from articles as versions where versions.url = articles.url)
        """,
    )


@migrations()
def m002_what_crawls_remember(db: Database) -> None:
    """The runs, and what lets the next one ask for nothing twice and leave nothing out."""
    counts = dict.fromkeys(("pages", "new", "updated", "edited", "unchanged", "refused", "failed"), int)
    db.table("runs").create(
        {
            "id": int,
            "spider": str,
            "arguments": str,
            "started_at": str,
            "ended_at": str,
            "reason": str,
            "exit_status": int,
            **counts,
            "complaints": str,
        },
        pk="id",
        not_null={"spider", "arguments", "started_at"},
        strict=True,
    )
    db.table("lists").create(
        {"url": str, "complete_from": str, "complete_to": str, "interrupted": int},
        pk="url",
        not_null={"complete_from", "complete_to", "interrupted"},
        strict=True,
    )
    db.table("missing").create(
        {"url": str, "spider": str, "reason": str, "tries": int, "asked_at": str},
        pk=("url", "spider"),
        not_null={"reason", "tries", "asked_at"},
        strict=True,
    )
    db.table("card_dates").create(
        {"url": str, "timestamp": str, "looks": int}, pk=("url", "timestamp"), not_null={"looks"}, strict=True
    )
    db.table("payloads").create(
        {
            "url": str,
            "digest": str,
            "fetched_at": str,
            "archive_file": str,
            "archive_offset": int,
            "archive_end": int,
        },
        pk="url",
        not_null={"digest", "fetched_at", "archive_file", "archive_offset", "archive_end"},
        strict=True,
    )


@migrations()
def m003_reextractions(db: Database) -> None:
    """How far re-extractions that are not finished came, and the payloads that revisits may refer to."""
    db.table("reextractions").create(
        {"call": str, "source": str, "cursor": str, "counts": str, "saved_at": str},
        pk="call",
        not_null={"source", "cursor", "counts", "saved_at"},
        strict=True,
    )
    db.table("reextraction_payloads").create(
        {"call": str, "digest": str, "url": str, "archive_file": str, "archive_offset": int},
        pk=("call", "digest", "url"),
        not_null={"archive_file", "archive_offset"},
        strict=True,
    )
    db.table("reextraction_revisits").create(
        {
            "call": str,
            "archive_file": str,
            "archive_offset": int,
            "url": str,
            "fetched_at": str,
            "digest": str,
            "refers_to_url": str,
            "refers_to_date": str,
        },
        pk=("call", "archive_file", "archive_offset"),
        not_null={"url", "fetched_at"},
        strict=True,
    )


@migrations()
def m004_catalogue_and_search(db: Database) -> None:
    """What readers sort, count and search by, kept in step with `articles` by triggers, whoever writes there."""
    db.table("catalogue").create(
        {
            "id": int,
            "latest": int,
            "title": str,
            "category": str,
            "written_at": str,
            "day": str,
            "month": str,
            "kind": str,
            "lang": str,
            "layout": str,
            "characters": int,
            "url": str,
            "timestamp": str,
        },
        # Its own, which nothing renumbers: rows of `articles` have none that outlasts a VACUUM.
        pk="id",
        not_null={"latest", "day", "month", "kind", "lang", "layout", "characters", "url", "timestamp"},
        strict=True,
    )
    db.table("catalogue").create_index(["url", "timestamp"], unique=True)
    # All that selects and orders, so that nothing else need be read.
    db.table("catalogue").create_index(["timestamp", "url", "latest", "day", "category", "lang"])
    db.execute(_catalogued("articles"))
    db.execute(
        "update catalogue set latest = 0 where exists (select 1 from articles as later"
        " where later.url = catalogue.url and later.timestamp > catalogue.timestamp)"
    )
    db.create_view(
        "searchable",
        "select catalogue.id, articles.title, articles.text from catalogue join articles using (url, timestamp)",
    )
    db.execute(
        "create virtual table articles_fts using fts5"
        f"(title, text, content='searchable', content_rowid='id', tokenize='{TOKENIZE}')"
    )
    db.execute("insert into articles_fts (articles_fts) values ('rebuild')")
    db.execute("insert into articles_fts (articles_fts, rank) values ('rank', 'bm25(10.0, 1.0)')")
    # What `insert or replace` replaces, no trigger is told of; what stood there is put aside before.
    db.table("replaced").create(
        {"url": str, "timestamp": str, "title": str, "text": str}, pk=("url", "timestamp"), strict=True
    )
    for trigger in _TRIGGERS:
        db.execute(trigger)


def _catalogued(source: str) -> str:
    """The statement that puts what `source` holds of `articles` into the catalogue, as the newest versions."""
    one = source == "new"
    column = "new." if one else ""
    values = (
        f"1, {column}title, {column}category, {column}written_at, substr(coalesce({column}written_at, "
        f"{column}timestamp), 1, 10), substr(coalesce({column}written_at, {column}timestamp), 1, 7), {column}kind, "
        f"{column}lang, {column}layout, length({column}text), {column}url, {column}timestamp"
    )
    columns = "latest, title, category, written_at, day, month, kind, lang, layout, characters, url, timestamp"
    return f"insert into catalogue ({columns}) select {values}{'' if one else f' from {source}'}"  # noqa: S608


# The id of a version.
_ID = "(select id from catalogue where url = {0}.url and timestamp = {0}.timestamp)"
_NEWEST = "(select max(timestamp) from articles where articles.url = catalogue.url)"
_TRIGGERS = (
    """
    create trigger articles_replaced before insert on articles
      when exists (select 1 from articles where url = new.url and timestamp = new.timestamp)
    begin
      delete from replaced;
      insert into replaced (url, timestamp, title, text)
        select url, timestamp, title, text from articles where url = new.url and timestamp = new.timestamp;
    end
    """,
    f"""
    create trigger articles_inserted after insert on articles begin
      insert into articles_fts (articles_fts, rowid, title, text)
        select 'delete', catalogue.id, replaced.title, replaced.text
        from catalogue join replaced using (url, timestamp) where url = new.url and timestamp = new.timestamp;
      delete from catalogue where url = new.url and timestamp = new.timestamp;
      {_catalogued("new")};
      update catalogue set latest = 0 where url = new.url and timestamp < {_NEWEST};
      insert into articles_fts (rowid, title, text) values ({_ID.format("new")}, new.title, new.text);
    end
    """,  # noqa: S608
    f"""
    create trigger articles_updated after update on articles begin
      update catalogue set title = new.title, category = new.category, written_at = new.written_at,
        day = substr(coalesce(new.written_at, new.timestamp), 1, 10),
        month = substr(coalesce(new.written_at, new.timestamp), 1, 7), kind = new.kind, lang = new.lang,
        layout = new.layout, characters = length(new.text), url = new.url, timestamp = new.timestamp
        where url = old.url and timestamp = old.timestamp;
      update catalogue set latest = (timestamp = {_NEWEST}) where url in (old.url, new.url);
      insert into articles_fts (articles_fts, rowid, title, text)
        values ('delete', {_ID.format("new")}, old.title, old.text);
      insert into articles_fts (rowid, title, text) values ({_ID.format("new")}, new.title, new.text);
    end
    """,  # noqa: S608
    f"""
    create trigger articles_deleted after delete on articles begin
      insert into articles_fts (articles_fts, rowid, title, text)
        values ('delete', {_ID.format("old")}, old.title, old.text);
      delete from catalogue where url = old.url and timestamp = old.timestamp;
      update catalogue set latest = 1 where url = old.url and timestamp = {_NEWEST};
    end
    """,  # noqa: S608
)


@migrations()
def m005_reextraction_files(db: Database) -> None:
    """An interrupted re-extraction goes on by source: those that were read to their end are skipped."""
    db.table("reextractions").drop()
    db.table("reextraction_files").create(
        {"call": str, "file": str, "stamp": str}, pk=("call", "file"), not_null={"stamp"}, strict=True
    )
