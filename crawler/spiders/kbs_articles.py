"""kbs_articles: articles by address, or news by number; stored ones again with full=1, recheck=DAYS or known=N."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain

from scrapy import Request

from crawler.arguments import ArgumentError, count, lines_of
from crawler.spiders.base import KbsSpider
from extractors.address import EDITIONS, parse_address, site_url
from extractors.article import KST
from storage.selection import Selection

# How many numbers a range may have: several times what the site ever used.
_MAX_RANGE = 1_000_000
_MOST_DAYS = 36_500  # more is no date
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)


class KbsArticlesSpider(KbsSpider):
    name = "kbs_articles"

    def __init__(
        self,
        urls: str = "",
        ids: str = "",
        file: str = "",
        recheck: str = "",
        known: str = "",
        lang: str = "f",
        full: str = "",
    ) -> None:
        """A spider of given articles; raises ArgumentError if one is not an article.

        Args:
            urls: addresses, separated by white space or commas.
            ids: numbers (`Seq_Code`) of news and ranges of them, separated by commas: `83685,83000-83100`.
            file: a file of addresses and ids, one a line; empty lines and those that begin with # are ignored.
            recheck: a number of days: stored articles of the last so many are requested again, as today is the first
                one in KST; that finds silent edits.
            known: how many of the newest stored articles to request again, so that `kbsworld learn` can compare them.
            lang: the editions to which ids and the articles of `recheck` belong.
            full: `1` to request stored articles too: the site may have changed them.
        """
        super().__init__(lang, full=full)
        addresses = re.split(r"[\s,]+(?=https?:)|\s+", urls.strip())
        given = [*addresses, *(part.strip() for part in ids.split(",")), *(lines_of("file=", file) if file else [])]
        self.given = [_addresses(part, self.editions) for part in given if part]
        self.recheck, self.known = count("recheck", recheck), count("known", known) or 0
        self.guesses, self.full = not known, self.full or bool(known)
        if not (self.given or self.recheck or self.known):
            forms = "urls=ADDRESS, ids=83000-83100, file=PATH, recheck=7, or known=20"
            raise ArgumentError(f"Give kbs_articles articles: {forms}.")

    def first_requests(self) -> Iterator[Request]:
        if self.recheck:
            first = datetime.now(KST).date() - timedelta(days=min(self.recheck, _MOST_DAYS) - 1)
            stored = Selection(since=first, langs=tuple(EDITIONS[one] for one in self.editions), order="newest")
            for article in list(self.store.articles(stored)):
                # The view that was stored: what another one shows differently is no edit.
                views = map(parse_address, (self.site.official(article.source_url or ""), article.url))
                if view := next((view for view in views if view and view.url == article.url), None):
                    yield self.request_article(view)
        known = self.crawl_state.known_articles(self.known)
        if self.known and not known:
            self.run.failures[f"known={self.known}"] = "no stored article was read by a layout, so none is known"
        for address in map(parse_address, chain(known, *self.given)):
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
