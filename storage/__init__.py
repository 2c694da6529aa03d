"""Keeps what must last: captures as WARC, articles in SQLite, and what crawls remember."""

from storage.archive import ArchiveWriter, Capture
from storage.articles import ArticleStore, Outcome
from storage.database import StoreError
from storage.history import CrawlHistory
from storage.query import QueryError
from storage.reading import ReadOnlyStore
from storage.search import Hit
from storage.selection import Selection

__all__ = [
    "ArchiveWriter",
    "ArticleStore",
    "Capture",
    "CrawlHistory",
    "Hit",
    "Outcome",
    "QueryError",
    "ReadOnlyStore",
    "Selection",
    "StoreError",
]
