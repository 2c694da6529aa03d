"""kbs_news: the newest news of an edition, from its news list."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from crawler.spiders.base import ArgumentError, KbsSpider
from extractors import NotAnArticle
from extractors.address import news_list_url
from extractors.listing import extract_list

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response


class KbsNewsSpider(KbsSpider):
    """Walks the news list, newest first, page after page, and fetches every article its cards point to."""

    name = "kbs_news"

    def __init__(self, lang: str = "f", category: str = "", pages: str = "5") -> None:
        """A walk over the first pages of one list.

        Args:
            lang: the edition's letter: `f` is French.
            category: the list's `id=`, such as `Po`, `In`, `IK`, `Dm`, `Cu`; empty for all news.
            pages: how many list pages at most.

        Raises:
            ArgumentError: a value is none of these.
        """
        super().__init__(lang)
        if category and not re.fullmatch(r"[A-Za-z0-9_]{1,20}", category):
            raise ArgumentError(f"category={category} is no category; they are short words such as Po, In or IK.")
        if not re.fullmatch(r"[1-9][0-9]{0,5}", pages):
            raise ArgumentError(f"pages={pages} is no number of list pages; give one such as pages=5.")
        self.category = category
        self.pages = int(pages)
        self._seen: set[str] = set()

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the first list page."""
        yield self.request_list(news_list_url(self.edition, self.category), page=1)

    def parse(self, response: Response, page: int = 1) -> Iterator[Request]:
        """Ask for the articles of a list page, and for the next one while there is something new on it."""
        try:
            addresses = extract_list(response.body, self.site.official(response.url))
        except NotAnArticle as refusal:
            self.report_failure(response.url, f"not a news list: {refusal.reason}")
            return
        if page == 1 and not addresses:
            doubt = f"is {self.category} a category of the site?" if self.category else "its template may have changed"
            self.report_failure(response.url, f"no article on the news list; {doubt}")
        unseen = [address for address in addresses if address.url not in self._seen]
        self._seen.update(address.url for address in unseen)
        for address in unseen:
            yield self.request_article(address)
        # A list that repeats itself has ended, whatever its page numbers say.
        if unseen and page < self.pages:
            yield self.request_list(news_list_url(self.edition, self.category, page + 1), page=page + 1)
