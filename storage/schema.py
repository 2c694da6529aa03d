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
