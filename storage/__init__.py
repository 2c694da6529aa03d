"""Stores captures, articles and the crawl state: captures as WARC, articles in SQLite, and what crawls remember."""

import storage.lean  # noqa: F401  (first)
from storage.archive.capture import Capture
from storage.archive.writer import ArchiveWriter
from storage.articles import ArticleStore, Outcome, ReadOnlyStore
from storage.crawl_state import CrawlState
from storage.database import StoreError
from storage.query import QueryError
from storage.search import Hit
from storage.selection import Selection

__all__ = [
    "ArchiveWriter",
    "ArticleStore",
    "Capture",
    "CrawlState",
    "Hit",
    "Outcome",
    "QueryError",
    "ReadOnlyStore",
    "Selection",
    "StoreError",
]
