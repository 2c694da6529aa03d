"""The database's schema, as migrations of sqlite-utils: never change one that was released, add another below it."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("kbsworld")


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
