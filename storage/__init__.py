"""Stores captures, articles and the crawl state: captures as WARC, articles in SQLite, and what crawls remember."""

import storage.lean  # noqa: F401  (first)
from storage.archive.capture import Capture as Capture
from storage.archive.writer import ArchiveWriter as ArchiveWriter
from storage.articles import ArticleStore as ArticleStore
from storage.articles import Outcome as Outcome
from storage.articles import ReadOnlyStore as ReadOnlyStore
from storage.crawl_state import CrawlState as CrawlState
from storage.database import StoreError as StoreError
from storage.query import QueryError as QueryError
from storage.search import Hit as Hit
from storage.selection import Selection as Selection
