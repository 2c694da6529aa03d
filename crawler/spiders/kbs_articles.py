"""kbs_articles: articles by address, or news by number; stored ones are requested again only with full=1."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from scrapy import Request

from crawler.arguments import ArgumentError, lines_of
from crawler.spiders.base import KbsSpider
from extractors.address import parse_address, site_url

# How many numbers a range may have: several times what the site ever used.
_MAX_RANGE = 1_000_000
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)


class KbsArticlesSpider(KbsSpider):
    name = "kbs_articles"
    guesses = True

    def __init__(self, urls: str = "", ids: str = "", file: str = "", lang: str = "f", full: str = "") -> None:
        """A spider of given articles; raises ArgumentError if one is not an article.

        Args:
            urls: addresses, separated by white space or commas.
            ids: numbers (`Seq_Code`) of news and ranges of them, separated by commas: `83685,83000-83100`.
            file: a file of addresses and ids, one a line; empty lines and those that begin with # are ignored.
            lang: the editions to which ids belong.
            full: `1` to request stored articles too: the site may have changed them.
        """
        super().__init__(lang, full=full)
        addresses = re.split(r"[\s,]+(?=https?:)|\s+", urls.strip())
        given = [*addresses, *(part.strip() for part in ids.split(",")), *(lines_of("file=", file) if file else [])]
        self.given = [_addresses(part, self.editions) for part in given if part]
        if not self.given:
            raise ArgumentError("Give kbs_articles articles: urls=ADDRESS, ids=83000-83100, or file=PATH.")

    def first_requests(self) -> Iterator[Request]:
        for address in map(parse_address, chain.from_iterable(self.given)):
            assert address is not None
            if address.url in self.requested:
                continue
            if self.full or not self.crawl_state.knows(address.url, None):
                yield self.request_article(address)
            else:
                self.requested.add(address.url)
                self.run.counts["unchanged"] += 1


def _addresses(text: str, editions: Sequence[str]) -> Iterable[str]:
    """The addresses that an address, an id or a range of ids stands for."""
    if numbers := _RANGE.fullmatch(text):
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if not first <= last < first + _MAX_RANGE:
            raise ArgumentError(f"{text} is not a range of ids; give one such as 83000-83100, a million at most.")
        ids = range(first, last + 1)
        return (site_url("news", edition, number=number) for edition in editions for number in ids)
    address = parse_address(text)
    if address is None or not address.is_article:
        raise ArgumentError(f"{text[:200]} is neither the address of an article of KBS World nor an id such as 83685.")
    return [text]
