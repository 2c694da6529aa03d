"""The database's schema, as migrations of sqlite-utils: never change one that was released, add another below it."""

from importlib.resources import files

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
    db.table("replaced").create(_text("url timestamp title text"), pk=("url", "timestamp"), strict=True)
    statements = files("storage").joinpath("catalogue.sql").read_text("utf-8").format(tokenize=TOKENIZE)
    for statement in statements.split("\n\n"):
        db.execute(statement)


@migrations()
def m005_pending(db: Database) -> None:
    """Plain names for two tables of the crawls."""
    db.rename_table("missing", "pending")
    db.rename_table("card_dates", "entry_dates")


@migrations()
def m006_reextraction_files(db: Database) -> None:
    """An interrupted re-extraction goes on by source: those that were read to their end are skipped."""
    db.table("reextractions").drop()
    db.table("reextraction_revisits").drop()
    db.table("reextraction_files").create(
        {"call": str, "file": str, "stamp": str}, pk=("call", "file"), not_null={"stamp"}, strict=True
    )
