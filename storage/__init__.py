"""Keeps what must last: captures as WARC, articles in SQLite."""

from storage.archive import ArchiveWriter, Capture
from storage.articles import ArticleStore, Outcome, StoreError

__all__ = ["ArchiveWriter", "ArticleStore", "Capture", "Outcome", "StoreError"]
