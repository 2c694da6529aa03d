"""kbs_news: the news, from the news list, newest first."""

from crawler.spiders.lists import ListSpider
from extractors.address import parse_address, site_url
from storage.crawl_state import Coverage


class KbsNewsSpider(ListSpider):
    name = "kbs_news"
    list_name = "news list"
    word_arguments = {"category": ""}

    def coverage(self, list_url: str) -> Coverage | None:
        """How far a list was read completely: the list of all news covers each category."""
        address = parse_address(list_url)
        whole = site_url("news list", address.edition, category="") if address and address.edition else list_url
        coverages = filter(None, (super().coverage(list_url), self.crawl_state.coverage(whole)))
        return max(coverages, key=lambda coverage: coverage.complete_to, default=None)
