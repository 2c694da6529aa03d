"""What spiders yield besides requests."""

from dataclasses import dataclass

from extractors import Article, NotAnArticle
from storage import Capture
from storage.crawl_state import Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedPage:
    """A page and what extraction made of it.

    Attributes:
        url: the article's canonical address, as requested.
        capture: the page.
        result: its article, or why it holds none.
        timestamp: the version that the list entry announced, if it has a date.
        listed: whether a list points to it: without an article it is then pending.
    """

    url: str
    capture: Capture
    result: Article | NotAnArticle
    timestamp: str | None = None
    listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedList:
    """A list that was read completely within `coverage`. Follows the last of its articles."""

    url: str
    coverage: Coverage
