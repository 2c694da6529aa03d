"""The base of spiders that read web archives: from their indexes to captures, and from these to articles."""

import sys
from asyncio import CancelledError
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, product
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from scrapy import Request
from scrapy.http import Response
from scrapy.settings import BaseSettings

from crawler.arguments import count, yes
from crawler.run_state import end_run, is_ending, reason_for, storing
from crawler.site import Site
from crawler.spiders.base import CompletedList, ExtractedPage, KbsSpider
from crawler.terminal import table
from extractors import Article, NotAnArticle, extract_page
from extractors.address import EDITIONS, FOLDERS, HOSTS
from extractors.article import KST
from storage.archive.capture import Capture, Place, matches_digest, payload_digest
from storage.archive.http import decode_body, decoded
from storage.crawl_state import Coverage
from storage.sources import read_places
from storage.sources.cdx import MAX_PARTS, Answer, Entry, read_index, read_record, read_replay

# Of an answer of an index; the longest known is far below.
_MAX_BYTES = 100_000_000
#: What the API of pywb is asked for: first how many pages of these fields of captures there are.
PYWB = {"showNumPages": "true", "output": "json", "fl": "url,timestamp,status,mime,digest,filename,offset,length"}


class ArchiveSpider(KbsSpider):
    """Reads one index of a web archive after another, and fetches the captures of articles that were not read before.

    One request follows the other, in `start`: the database has what was read, and the next run goes on from there.
    """

    custom_settings = KbsSpider.custom_settings | {
        "ROBOTSTXT_OBEY": False,  # services for programs, with limits of their own: crawler/README.md, "Web archives"
        "COMPRESSION_ENABLED": False,  # digests are of the bytes as they were captured
        "DEFAULT_REQUEST_HEADERS": {"Accept-Encoding": "identity"},
        "REDIRECT_ENABLED": False,  # leads to another capture
    }
    expected_fields = ()
    guesses = True
    nothing = ""  #: why no capture is found, if that is known
    #: The settings that have the addresses of the archive; the delay's setting is named as the first one, with _DELAY.
    addresses: ClassVar[tuple[str, ...]]

    def __init__(self, limit: str = "", dry: str = "", archive: str = "", **arguments: str) -> None:
        """As in KbsSpider, but `since` and `until` are days of capture.

        Args:
            limit: how many captures are fetched at most.
            dry: `1` to print what there is, and fetch no capture.
            archive: the address of a collection of pywb, which is read instead.
        """
        super().__init__(**arguments)
        self.limit, self.dry, self.pywb = count("limit", limit), yes("dry", dry), archive.strip().rstrip("/")
        self.fetched = 0  # captures
        self.found: list[Entry] = []  # in all indexes
        self.missing: set[str | Entry] = set()  # the payloads that a dry run would fetch
        self.kept: dict[str, Place] = {}  # by digest, what this run archived

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        settings.set("DOWNLOAD_DELAY", settings[f"{cls.addresses[0]}_DELAY"], priority="spider")

    def find_site(self, settings: BaseSettings) -> Site:
        names = ("archive",) if self.pywb else self.addresses
        example = "https://archive.example.org" + ("/collection" if self.pywb else "")
        return Site(*(self.pywb or settings[name] for name in names), name=" or ".join(names), example=example)

    # --- what a subclass says of its archive ---

    async def indexes(self) -> AsyncIterator[tuple[str, dict[str, str]]]:
        """The indexes that are to be read: the address of each one's CDX API, and what it is asked for."""
        yield f"{self.pywb}/cdx", PYWB

    def request_capture(self, entry: Entry) -> Request:
        """The request for a capture as it was (`id_`), as every replay gives it."""
        pages = self.pywb or f"{self.site.base}/web"
        return Request(f"{pages}/{entry.captured_at:%Y%m%d%H%M%S}id_/{entry.url.replace('#', '%23')}")

    # --- the run ---

    async def start(self) -> AsyncIterator[ExtractedPage | CompletedList]:
        """Yield the pages of the captures that each index names, the earliest first."""
        self.max_page = self.settings.getint("KBS_MAX_PAGE")
        with storing(self.crawler):
            async for api, query in ArchiveSpider.indexes(self) if self.pywb else self.indexes():
                failures = len(self.run.failures)
                entries = await self._entries(api, query)
                self.found += entries
                async for page in self._pages(entries):
                    yield page
                in_part = self.since or self.until or self.fetched == self.limit
                if not (self.dry or in_part) and len(self.run.failures) == failures:
                    coverage = Coverage(complete_from="", complete_to=self.started_at)
                    for letter in self.editions:
                        yield CompletedList(url=f"{api}#{letter}", coverage=coverage)
            if self.dry:
                with suppress(BrokenPipeError):  # who reads it has read enough
                    print("\n".join(self._table()), flush=True)
            if not self.found and not self.run.failures:
                self.run.notes.append(self.nothing or f"No capture of these editions and days in {self.site.base}.")

    async def fetch(self, request: Request, *accepted: int) -> Response:
        """The answer to a request; ValueError with a phrase if there is none, or its status is not `accepted`."""
        if is_ending(self.crawler):
            raise CancelledError
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001  (as what a request's errback gets)
            raise ValueError(reason_for(error)) from None
        if response.status not in accepted:
            raise ValueError(f"HTTP {response.status}")
        return response

    async def _entries(self, api: str, query: dict[str, str]) -> list[Entry]:
        """The captures in an index that are asked for, the earliest first."""
        first = self.since and self.since - timedelta(days=1)  # a day in KST begins on the day before in UTC
        query = query | {name: f"{day:%Y%m%d}" for name, day in (("from", first), ("to", self.until)) if day}
        entries: dict[tuple[str, datetime, str], Entry] = {}
        folders = ["service", *(folder for folder, letter in FOLDERS.items() if letter in self.editions)]
        for host, folder in product(HOSTS, folders):
            prefix = {"url": f"{host}/{folder}/", "matchType": "prefix"}
            answers = [answer async for answer in self._answers(api, prefix | query)]
            if not answers:  # it is down, or its address is wrong: one failure says so
                break
            for entry in chain.from_iterable(answer.entries for answer in answers):
                day = entry.captured_at.astimezone(KST).date()
                if (self.since or day) <= day <= (self.until or day) and entry.address.edition in self.editions:
                    entries[entry.url, entry.captured_at, entry.digest] = entry
        return sorted(entries.values(), key=lambda entry: (entry.captured_at, entry.url))

    async def _answers(self, api: str, query: dict[str, str]) -> AsyncIterator[Answer]:
        """What an index answers to a query, part by part; at a part that fails twice it is left until the next run."""
        meta = {"download_timeout": 180.0, "download_maxsize": _MAX_BYTES}  # they answer slowly and at length
        parts = [query]
        for _ in range(MAX_PARTS):
            if not parts:
                return
            part = parts[0]
            url = f"{api}?{urlencode(part)}"
            try:
                response = await self.fetch(Request(url, headers={"Accept-Encoding": "gzip"}, meta=meta), 200, 404)
                coding = (response.headers.get("Content-Encoding") or b"").decode("latin-1")
                answer = read_index(decode_body(response.body, _MAX_BYTES, coding), response.status)
            except ValueError as error:
                if url in self.run.failures:
                    return
                self.run.failures[url] = str(error)
                continue
            self.run.failures.pop(url, None)
            if answer.flaws:
                self.run.failures[url] = f"passed over: {answer.flaws} lines that are not JSON, or no entry of an index"
            if first := next(iter(answer.revisits), ""):
                self.run.notes.append(f"passed over: {len(answer.revisits)} revisits without a payload, as of {first}")
            yield answer
            part.pop("showNumPages", "")
            parts = [part | more for more in answer.following] or parts[1:]
            if parts == [part]:
                break
        self.run.failures[api] = "its index does not end"

    async def _pages(self, entries: list[Entry]) -> AsyncIterator[ExtractedPage]:
        """The pages of captures that were not read before; a dry run only notes which captures there are."""
        unread = [one for one in entries if self.full or not self.crawl_state.has_read(one.url, one.captured_at)]
        self.run.counts["unchanged"] += len(entries) - len(unread)
        # What failed before comes last: `limit` goes on behind it.
        pending = {*self.crawl_state.pending(self.name, tries=sys.maxsize)}
        unread.sort(key=lambda entry: self.request_capture(entry).url in pending)
        if self.dry:
            self.missing |= {entry.digest or entry for entry in unread if self._archived(entry) is None}
            return
        done: set[str] = set()
        failed = 0  # in a row
        for entry in unread:
            archived, address = self._archived(entry), self.request_capture(entry).url
            if archived is None and self.fetched == self.limit:
                continue
            if address in done:  # a replay gives one of the captures of a second
                self.run.notes.append(f"passed over: other captures in the same second as {address}")
                continue
            try:
                capture, record = archived or await self._fetched(entry)
            except ValueError as error:
                if address not in self.run.failures:
                    unread.append(entry)  # once more, after the others
                self.run.failures[address] = str(error)
                self.crawl_state.add_pending(address, self.name, str(error))
                failed += 1
                if failed >= self.crawler.settings.getint("KBS_BREAKER"):
                    sentence = f"{failed} captures failed in a row, the last time: {error}; run it again later."
                    end_run(self.crawler, "site_failing", sentence)
                continue
            failed = 0
            done.add(address)
            if self.run.failures.pop(address, None) or address in pending:
                self.crawl_state.remove_pending(address)
            result = await self._extract(capture)
            if record and self.archive:  # only now: what is archived is also stored
                source = address.partition("#")[0]
                place = self.archive.write(url=entry.url, fetched_at=entry.captured_at, source=source, **record)
                capture = replace(capture, location=place.location)
                self.kept.setdefault(str(capture.digest), place)
            yield ExtractedPage(url=entry.address.url, capture=capture, result=result, timestamp=None, listed=False)

    async def _fetched(self, entry: Entry) -> tuple[Capture, dict[str, Any]]:
        """A capture that the archive gives, and what its record is to hold; ValueError with a phrase if it does not."""
        response = await self.fetch(self.request_capture(entry), 200, 206)
        if response.status == 206:
            capture, headers = read_record(response.body, entry, self.max_page)
        else:
            given = {str(name).lower(): value for name, value in response.headers.to_unicode_dict().items()}
            capture, headers = read_replay(given, response.body, entry, self.max_page)
        self.fetched += 1
        return capture, {"status_line": "HTTP/1.1 200 OK", "headers": headers, "body": capture.body}

    def _archived(self, entry: Entry) -> tuple[Capture, dict[str, Any]] | None:
        """A capture whose payload the own archive has, and what its record is to hold: nothing, if it has that too."""
        known = self.kept.get(entry.digest)
        place = known or self.crawl_state.archived_payload(entry.digest)
        if place is None or not self.archive:
            return None
        [item] = read_places([place], Path(self.crawler.settings["KBS_ARCHIVE"]).expanduser(), self.max_page)
        # What this run was given for a digest may have come unpacked, and so differ from it.
        if isinstance(item, Capture) and item.status == 200 and (known or matches_digest(entry.digest, item.body)):
            capture = replace(item, url=entry.url, fetched_at=entry.captured_at, digest=entry.digest)
            if (place.url, place.fetched_at) == (entry.url, entry.captured_at):
                return capture, {}
            return capture, {"revisits": replace(place, digest=payload_digest(item.body))}
        return None

    async def _extract(self, capture: Capture) -> Article | NotAnArticle:
        """What is extracted from a capture, as `kbsworld reextract` would."""
        try:
            page = decoded(capture, self.max_page)
        except ValueError as error:
            page = replace(capture, refused=str(error))
        if page.refused:
            return NotAnArticle(page.refused)
        return await self.extract(extract_page, page.body, page.url, page.charset, page.media_type, self.layouts)

    def _table(self) -> list[str]:
        """What there is, by year of capture and edition, and how long it would take to fetch it."""
        parts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for entry in self.found:
            year = f"{entry.captured_at.astimezone(KST).year}"
            parts[year, EDITIONS[str(entry.address.edition)]].append(entry.address.url)
            parts["all", ""].append(entry.address.url)
        rows: list[tuple[object, ...]] = [("year", "edition", "captures", "articles", "not stored")]
        for part, urls in sorted(parts.items()):  # figures come before letters
            missing = sum(not self.crawl_state.knows(url, None) for url in {*urls})
            rows.append((*part, len(urls), len({*urls}), missing))
        delay = self.crawler.settings.getfloat("DOWNLOAD_DELAY")
        pages = min(len(self.missing), self.limit or sys.maxsize)
        time = timedelta(seconds=round(pages * delay))
        return [*table(rows), f"To fetch: {pages} pages, {time} (h:mm:ss) at one every {delay:g} s."]
