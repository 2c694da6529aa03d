"""kbs_articles: articles by address, or news by number; stored ones again only with full=1 or known=N."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from scrapy import Request

from crawler.arguments import ArgumentError, count, open_at_once
from crawler.spiders.base import KbsSpider
from extractors.address import parse_address, site_url

# How many numbers a range may have: several times what the site ever used.
_MAX_RANGE = 1_000_000
_MAX_FILE = 100_000_000  # bytes: as many addresses
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)


class KbsArticlesSpider(KbsSpider):
    name = "kbs_articles"

    def __init__(
        self, urls: str = "", ids: str = "", file: str = "", known: str = "", lang: str = "f", full: str = ""
    ) -> None:
        """A spider of given articles; raises ArgumentError if one is not an article.

        Args:
            urls: addresses, separated by white space or commas.
            ids: numbers (`Seq_Code`) of news and ranges of them, separated by commas: `83685,83000-83100`.
            file: a file of addresses and ids, one a line; empty lines and those that begin with # are ignored.
            known: how many of the newest stored articles to request again, so that `kbsworld learn` can compare them.
            lang: the editions to which ids belong.
            full: `1` to request stored articles too: the site may have changed them.
        """
        super().__init__(lang, full=full)
        addresses = re.split(r"[\s,]+(?=https?:)|\s+", urls.strip())
        given = [*addresses, *(part.strip() for part in ids.split(",")), *(_lines(file) if file else [])]
        self.given = [_addresses(part, self.editions) for part in given if part]
        self.known = count("known", known) or 0
        self.guesses, self.full = not known, self.full or bool(known)
        if not self.given and not self.known:
            raise ArgumentError("Give kbs_articles articles: urls=ADDRESS, ids=83000-83100, file=PATH, or known=20.")

    def first_requests(self) -> Iterator[Request]:
        for address in map(parse_address, chain(self.crawl_state.known_articles(self.known), *self.given)):
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


def _lines(name: str) -> list[str]:
    try:
        with open_at_once(Path(name).expanduser()) as stream:
            data = stream.read(_MAX_FILE + 1)
        lines = data.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ArgumentError(f"file={name} cannot be read ({reason}).") from None
    if len(data) > _MAX_FILE:
        raise ArgumentError(f"file={name} is larger than {_MAX_FILE:,} bytes; give its addresses in several runs.")
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
