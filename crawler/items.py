"""What spiders yield besides requests."""

from __future__ import annotations

from dataclasses import dataclass

from extractors import Article, NotAnArticle
from storage import Capture
from storage.crawl_state import Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A page and what extraction made of it.

    Attributes:
        capture: the page.
        result: its article, or why it holds none.
        timestamp: the version that the entry which led here tells of, if it has a date.
        listed: whether a list points to it, so that it is missed where it holds no article.
        url: the article's canonical address, as it was asked for.
    """

    url: str
    capture: Capture
    result: Article | NotAnArticle
    timestamp: str | None = None
    listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRead:
    """A list of which everything within `coverage` was asked for and dealt with. Follows the last of its articles."""

    url: str
    coverage: Coverage
