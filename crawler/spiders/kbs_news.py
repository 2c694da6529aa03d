"""kbs_news: the news of an edition, from its news list."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.spiders.lists import ListSpider
from extractors.address import news_list_url


class KbsNewsSpider(ListSpider):
    """The news list, newest first."""

    name = "kbs_news"
    list_name = "news list"
    word_arguments = {"category": ""}

    def lists(self, edition: str) -> Iterator[str]:
        for category in self.words["category"] or [""]:
            yield news_list_url(edition, category)

    def doubt(self) -> str:
        if self.words["category"]:
            return f"is {', '.join(self.words['category'])} a category of the site?"
        return super().doubt()
