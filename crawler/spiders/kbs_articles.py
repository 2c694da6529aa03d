"""kbs_articles: given articles, by address or by number."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from scrapy import signals

from crawler.arguments import ArgumentError
from crawler.spiders.base import KbsSpider
from extractors.address import Address, news_url, parse_address

#: So many numbers may a range have: all that the site ever gave, some times over.
_MAX_RANGE = 1_000_000
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)

Given = Address | range


class KbsArticlesSpider(KbsSpider):
    """Articles by address, or news by number; those that are stored are asked for again with full=1 only."""

    name = "kbs_articles"
    guesses = True

    def __init__(self, urls: str = "", ids: str = "", file: str = "", lang: str = "f", full: str = "") -> None:
        """A spider of given articles.

        Args:
            urls: addresses, parted by white space or commas.
            ids: numbers (`Seq_Code`) of news and ranges of them, parted by commas: `83685,83000-83100`.
            file: a file of addresses and ids, one a line; empty lines and those that begin with # do not count.
            lang: the editions in which ids count.
            full: `1` to ask for stored articles too: the site may have changed them.

        Raises:
            ArgumentError: one of them is no article.
        """
        super().__init__(lang, full=full)
        addresses = re.split(r"[\s,]+(?=https?:)|\s+", urls.strip())
        given = [*addresses, *(part.strip() for part in ids.split(",")), *_lines(file)]
        self.given: list[Given] = [_given(part) for part in given if part]
        if not self.given:
            raise ArgumentError("Give kbs_articles articles: urls=ADDRESS, ids=83000-83100, or file=PATH.")

    async def start(self) -> AsyncIterator[Any]:
        """Ask for them in the order given, not all at once: a range can be long."""
        for address in self._addresses():
            if address.url in self.asked:
                continue
            if not self.full and self.crawl_state.knows(address.url, None):
                self.asked.add(address.url)
                self.crawler.stats.inc_value("kbsworld/unchanged")
                continue
            if self.crawler.engine.needs_backout():
                await self.crawler.signals.wait_for(signals.scheduler_empty)
            yield self.request_article(address)

    def _addresses(self) -> Iterator[Address]:
        for given in self.given:
            if isinstance(given, Address):
                yield given
                continue
            for edition in self.editions:
                for number in given:
                    address = parse_address(news_url(edition, number))
                    assert address is not None
                    yield address


def _given(text: str) -> Given:
    numbers = _RANGE.fullmatch(text)
    if numbers:
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if not first <= last < first + _MAX_RANGE:
            raise ArgumentError(f"{text} is no range of ids; give one such as 83000-83100, a million at most.")
        return range(first, last + 1)
    address = parse_address(text)
    if address is None or not address.is_article:
        raise ArgumentError(f"{text[:200]} is neither the address of an article of KBS World nor an id such as 83685.")
    return address


def _lines(name: str) -> list[str]:
    if not name:
        return []
    try:
        lines = Path(name).expanduser().read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8 text"
        raise ArgumentError(f"file={name} cannot be read ({reason}).") from None
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
