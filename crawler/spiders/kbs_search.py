"""kbs_search: the news in which the site's own search finds a word."""

from collections.abc import Iterator

from crawler.arguments import ArgumentError
from crawler.spiders.coverage import Walk
from crawler.spiders.lists import ListSpider
from extractors.address import site_url

_LONGEST = 100


class KbsSearchSpider(ListSpider):
    name = "kbs_search"
    list_name = "page of results"

    def __init__(self, keyword: str = "", **arguments: str) -> None:
        """As in ListSpider; `keyword`: what to search for."""
        super().__init__(**arguments)
        self.keyword = keyword.strip()
        if not 0 < len(self.keyword) <= _LONGEST:
            raise ArgumentError(
                f"Give kbs_search a word to search for, at most {_LONGEST} letters long: keyword=Corée."
            )

    def lists(self, edition: str) -> Iterator[str]:
        yield site_url("search", edition, keyword=self.keyword)

    def list_is_empty(self, walk: Walk, url: str) -> None:  # noqa: ARG002
        """Nothing found is an answer."""
        self.run.notes.append(f"The site finds nothing for {self.keyword}.")
