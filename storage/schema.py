"""The database's schema, as migrations of sqlite-utils: never change one that was released, add another below it."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("kbsworld")

#: How the search index splits texts into words. Accents and capitals make no difference: coree finds Corée.
TOKENIZE = "unicode61 remove_diacritics 2"

_PLACE = {"archive_file": str, "archive_offset": int}


def _text(columns: str) -> dict[str, type]:
    return dict.fromkeys(columns.split(), str)


@migrations()
def m001_articles_and_refusals(db: Database) -> None:
    """One row for each version of an article, and one for each capture that held none. Columns as Article's fields."""
    db.table("articles").create(
        {
            **_text("url timestamp kind lang title category written_at updated_at paragraphs text"),
            **_text("image_url image_credit"),
            "has_video": int,
            "truncated": int,
            **_text("layout source_url fetched_at"),
            **_PLACE,
        },
        pk=("url", "timestamp"),
        not_null={"kind", "lang", "paragraphs", "text", "has_video", "truncated", "layout", "fetched_at"},
        strict=True,
    )
    db.table("articles").create_index(["timestamp"])
    db.table("refusals").create(
        {**_text("url reason fetched_at"), **_PLACE}, pk=("url", "fetched_at"), not_null={"reason"}, strict=True
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
    runs = {
        "id": int,
        **_text("spider arguments started_at ended_at reason"),
        "exit_status": int,
        **counts,
        "complaints": str,
    }
    db.table("runs").create(runs, pk="id", not_null={"spider", "arguments", "started_at"}, strict=True)
    lists = {**_text("url complete_from complete_to"), "interrupted": int}
    db.table("lists").create(lists, pk="url", not_null=set(lists) - {"url"}, strict=True)
    db.table("missing").create(
        {**_text("url spider reason"), "tries": int, "asked_at": str},
        pk=("url", "spider"),
        not_null={"reason", "tries", "asked_at"},
        strict=True,
    )
    card_dates = {**_text("url timestamp"), "looks": int}
    db.table("card_dates").create(card_dates, pk=("url", "timestamp"), not_null={"looks"}, strict=True)
    payloads = {**_text("url digest fetched_at"), **_PLACE, "archive_end": int}
    db.table("payloads").create(payloads, pk="url", not_null=set(payloads) - {"url"}, strict=True)


@migrations()
def m003_reextractions(db: Database) -> None:
    """How far re-extractions that are not finished came, and the payloads that revisits may refer to."""
    reextractions = _text("call source cursor counts saved_at")
    db.table("reextractions").create(reextractions, pk="call", not_null=set(reextractions) - {"call"}, strict=True)
    db.table("reextraction_payloads").create(
        {**_text("call digest url"), **_PLACE},
        pk=("call", "digest", "url"),
        not_null=set(_PLACE),
        strict=True,
    )
    db.table("reextraction_revisits").create(
        {"call": str, **_PLACE, **_text("url fetched_at digest refers_to_url refers_to_date")},
        pk=("call", "archive_file", "archive_offset"),
        not_null={"url", "fetched_at"},
        strict=True,
    )


@migrations()
def m004_catalogue_and_search(db: Database) -> None:
    """What readers sort, count and search by. Triggers keep it in step with `articles`, whatever writes there."""
    catalogue = {
        "id": int,
        "latest": int,
        **_text("title category written_at day month kind lang layout"),
        "characters": int,
        **_text("url timestamp"),
    }
    # An id of its own: VACUUM renumbers the rowids of `articles`.
    db.table("catalogue").create(
        catalogue, pk="id", not_null=set(catalogue) - {"id", "title", "category", "written_at"}, strict=True
    )
    db.table("catalogue").create_index(["url", "timestamp"], unique=True)
    # A covering index: all that selects and orders, so that nothing else is read.
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
    # INSERT OR REPLACE does not fire delete triggers: an insert trigger keeps here what is about to be replaced.
    db.table("replaced").create(_text("url timestamp title text"), pk=("url", "timestamp"), strict=True)
    for trigger in _TRIGGERS:
        db.execute(trigger)


@migrations()
def m005_pending(db: Database) -> None:
    """Plain names for two tables of the crawls."""
    db.rename_table("missing", "pending")
    db.rename_table("card_dates", "entry_dates")


def _catalogued(source: str) -> str:
    """The statement that adds the articles of `source` (a table, or a trigger's `new`) to the catalogue, as newest."""
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
