"""Keeps what must last: captures as WARC, articles in SQLite, and what crawls remember."""

from storage.archive import ArchiveWriter, Capture
from storage.articles import ArticleStore, Outcome
from storage.database import StoreError
from storage.history import CrawlHistory

__all__ = ["ArchiveWriter", "ArticleStore", "Capture", "CrawlHistory", "Outcome", "StoreError"]
