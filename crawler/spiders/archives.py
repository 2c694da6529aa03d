"""The base of spiders that read web archives: from their indexes to captures, and from these to articles."""

import sys
from asyncio import CancelledError
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings

from crawler.arguments import count, yes
from crawler.pipeline import CompletedList, ExtractedPage
from crawler.run_state import end_run, is_ending, reason_for, storing
from crawler.site import Site
from crawler.spiders.base import KbsSpider
from crawler.terminal import table
from extractors import Article, NotAnArticle, extract_page
from extractors.address import EDITIONS, FOLDERS, HOSTS
from extractors.article import KST
from storage import ArchiveWriter, Capture
from storage.archive.capture import Payload, Place, matches_digest, payload_digest
from storage.archive.http import decode_body, decoded
from storage.crawl_state import Coverage
from storage.sources import read_places
from storage.sources.cdx import MAX_PARTS, Answer, Entry, read_index, read_record, read_replay

# Indexes answer slowly and at length: for how long, in seconds, and how much. The longest known is far below.
_PATIENCE = 180.0
_MAX_BYTES = 100_000_000
# After this number of failed parts in a row an index is left, until the next run.
_FAILED_PARTS = 3
#: What the API of pywb is asked for: first how many pages of these fields of captures there are.
PYWB = {"showNumPages": "true", "output": "json", "fl": "url,timestamp,status,mime,digest,filename,offset,length"}


class ArchiveSpider(KbsSpider):
    """Reads one index of a web archive after another, and fetches the captures of articles that were not read before.

    One request follows the other, in `start`: the database has what was read, and the next run goes on from there.
    """

    custom_settings = KbsSpider.custom_settings | {
        "ROBOTSTXT_OBEY": False,  # services for programs, with limits of their own: crawler/README.md, "Web archives"
        "COMPRESSION_ENABLED": False,  # digests are of the bytes as they were captured
        "REDIRECT_ENABLED": False,  # leads to another capture
    }
    expected_fields = ()
    guesses = True
    #: The settings that have the addresses of the archive, and the delay between requests.
    addresses: ClassVar[tuple[str, ...]]
    delay: ClassVar[str]
    max_page: int

    def __init__(self, limit: str = "", dry: str = "", archive: str = "", **arguments: str) -> None:
        """As in KbsSpider, but `since` and `until` are days of capture.

        Args:
            limit: how many captures are fetched at most.
            dry: `1` to print what there is, and fetch no capture.
            archive: the address of a collection of pywb, which is read instead.
        """
        super().__init__(**arguments)
        self.limit, self.dry, self.pywb = count("limit", limit), yes("dry", dry), archive.strip().rstrip("/")
        if archive:
            Site(archive, name="archive")
        self.fetched = self.indexed = 0
        self.failed_in_a_row = 0
        self.left_out = False
        # By a dry run: captures, and the payloads that it would fetch.
        self.found: list[Entry] = []
        self.missing: set[str | Entry] = set()
        self.kept: dict[str, Place] = {}  # by digest, what this run archived

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        settings.set("DOWNLOAD_DELAY", settings[cls.delay], priority="spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        addresses = [spider.pywb] if spider.pywb else [crawler.settings[name] for name in cls.addresses]
        spider.site = Site(*addresses, name=" or ".join(cls.addresses))
        spider.max_page = crawler.settings.getint("KBS_MAX_PAGE")
        spider.site.is_public = not spider.pywb
        return spider

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
        with storing(self.crawler):
            async for api, query in ArchiveSpider.indexes(self) if self.pywb else self.indexes():
                failures, self.left_out = len(self.run.failures), bool(self.since or self.until)
                entries = await self._entries(api, query)
                self.indexed += len(entries)
                async for page in self._pages(entries):
                    yield page
                if not (self.dry or self.left_out) and len(self.run.failures) == failures:
                    coverage = Coverage(complete_from="", complete_to=self.started_at)
                    for letter in self.editions:
                        yield CompletedList(url=f"{api}#{letter}", coverage=coverage)
            if self.dry:
                with suppress(BrokenPipeError):  # who reads it has read enough
                    print("\n".join(self._table()), flush=True)
            if not self.indexed:
                self.run.notes.append(f"No capture of an article in {self.site.base}: is that its address?")

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
        if self.since:  # a day in KST begins on the day before in UTC
            query = query | {"from": f"{self.since - timedelta(days=1):%Y%m%d}"}
        if self.until:
            query = query | {"to": f"{self.until:%Y%m%d}"}
        entries: dict[tuple[str, datetime], Entry] = {}
        folders = ["service", *(folder for folder, letter in FOLDERS.items() if letter in self.editions)]
        for prefix in (f"{host}/{folder}/" for host in HOSTS for folder in folders):
            async for answer in self._answers(api, {"url": prefix, "matchType": "prefix"} | query):
                for entry in answer.entries:
                    day = entry.captured_at.astimezone(KST).date()
                    is_within = (self.since or day) <= day <= (self.until or day)
                    if is_within and entry.address.edition in self.editions:
                        entries[entry.url, entry.captured_at] = entry
        return sorted(entries.values(), key=lambda entry: (entry.captured_at, entry.url))

    async def _answers(self, api: str, query: dict[str, str]) -> AsyncIterator[Answer]:
        """What an index answers to a query, part by part; a part that fails is asked for once more."""
        meta = {"download_timeout": _PATIENCE, "download_maxsize": _MAX_BYTES}
        parts, failed = [query], 0
        for _ in range(MAX_PARTS):
            if not parts or failed == _FAILED_PARTS:
                return
            part = parts.pop(0)
            url = f"{api}?{urlencode(part)}"
            try:
                response = await self.fetch(Request(url, meta=meta), 200, 404)
                coding = (response.headers.get("Content-Encoding") or b"").decode("latin-1")
                answer = read_index(decode_body(response.body, _MAX_BYTES, coding), response.status)
            except ValueError as error:
                parts += [] if url in self.run.failures else [part]
                self.run.failures[url] = str(error)
                failed += 1
                continue
            failed = 0
            self.run.failures.pop(url, None)
            if answer.flaws:
                self.run.failures[url] = f"passed over: {answer.flaws} lines that are not JSON, or no entry of an index"
            if first := next(iter(answer.revisits), ""):
                self.run.notes.append(f"passed over: {len(answer.revisits)} revisits without a payload, as of {first}")
            yield answer
            part.pop("showNumPages", "")
            parts = [part | more for more in answer.following] or parts
            if parts == [part]:
                break
        self.run.failures[api] = "its index does not end"

    async def _pages(self, entries: list[Entry]) -> AsyncIterator[ExtractedPage]:
        """The pages of captures that were not read before; a dry run only notes which captures there are."""
        unread = [one for one in entries if self.full or not self.crawl_state.has_read(one.url, one.captured_at)]
        self.run.counts["unchanged"] += len(entries) - len(unread)
        tries = self.crawl_state.tries(self.name)  # what failed before comes last: `limit` goes on behind it
        unread.sort(key=lambda entry: tries[self.request_capture(entry).url])
        if self.dry:
            self.found += entries
            self.missing |= {entry.digest or entry for entry in unread if self._archived(entry) is None}
            return
        for entry in unread:
            address = self.request_capture(entry).url
            try:
                found = await self._capture(entry)
            except ValueError as error:
                self._note_failure(address, str(error))
                if address not in self.run.failures:
                    unread.append(entry)  # once more, after the others
                self.run.failures[address] = str(error)
                continue
            if found is None:
                continue
            self.failed_in_a_row = 0
            if self.run.failures.pop(address, None) or tries[address]:
                self.crawl_state.remove_pending(address)
            capture, record = found
            result = await self._extract(capture)
            if record and self.archive:  # only now: what is archived is also stored
                capture = self._kept(self.archive, entry, capture, record)
            yield ExtractedPage(url=entry.address.url, capture=capture, result=result, timestamp=None, listed=False)

    def _note_failure(self, address: str, reason: str) -> None:
        """Remember a capture that failed; end the run if too many do in a row."""
        self.crawl_state.add_pending(address, self.name, reason)
        self.failed_in_a_row += 1
        if self.failed_in_a_row >= self.crawler.settings.getint("KBS_BREAKER"):
            sentence = f"{self.failed_in_a_row} captures failed in a row, the last with {reason}; run it again later."
            end_run(self.crawler, "site_failing", sentence)

    async def _capture(self, entry: Entry) -> tuple[Capture, dict[str, Any]] | None:
        """A capture, and what its record is to hold, nothing where it has one; None beyond the limit.

        It is fetched if the own archive does not have its payload.
        """
        original = self._archived(entry)
        if original and original.location:
            capture = replace(original, url=entry.url, fetched_at=entry.captured_at)
            if (original.url, original.fetched_at) == (entry.url, entry.captured_at):
                return capture, {}
            digest = payload_digest(original.body)
            payload = Payload(digest=digest, fetched_at=original.fetched_at, location=original.location, end=0)
            return capture, {"revisits": payload, "revisited_url": original.url}
        if self.fetched == self.limit:
            self.left_out = True
            return None
        request = self.request_capture(entry)
        request.headers["Accept-Encoding"] = "identity"
        response = await self.fetch(request, 200, 206)
        if response.status == 206:
            capture, headers = read_record(response.body, entry, self.max_page)
        else:
            given = {str(name).lower(): value for name, value in response.headers.to_unicode_dict().items()}
            capture, headers = read_replay(given, response.body, entry, self.max_page)
        self.fetched += 1
        return capture, {"status_line": "HTTP/1.1 200 OK", "headers": headers, "body": capture.body}

    def _kept(self, archive: ArchiveWriter, entry: Entry, capture: Capture, record: dict[str, Any]) -> Capture:
        """A capture after it was archived."""
        source = self.request_capture(entry).url.partition("#")[0]
        place = archive.write(url=entry.url, fetched_at=entry.captured_at, source=source, **record)
        self.kept.setdefault(str(capture.digest), Place(location=place, url=entry.url, fetched_at=entry.captured_at))
        return replace(capture, location=place)

    def _archived(self, entry: Entry) -> Capture | None:
        """The capture with this payload that the own archive has, if any."""
        known = self.kept.get(entry.digest)
        place = known or self.crawl_state.archived_payload(entry.digest)
        places = [place] if place and self.archive else []
        for item in read_places(places, Path(self.crawler.settings["KBS_ARCHIVE"]).expanduser(), self.max_page):
            # What this run was given for a digest may have come unpacked, and so differ from it.
            if isinstance(item, Capture) and item.status == 200 and (known or matches_digest(entry.digest, item.body)):
                return replace(item, digest=entry.digest)
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
        for (year, edition), urls in sorted(parts.items()):  # figures come before letters
            missing = [url for url in {*urls} if not self.crawl_state.knows(url, None)]
            rows.append((year, edition, len(urls), len({*urls}), len(missing)))
        delay = self.crawler.settings.getfloat("DOWNLOAD_DELAY")
        pages = min(len(self.missing), self.limit or sys.maxsize)
        time = timedelta(seconds=round(pages * delay))
        return [*table(rows), f"To fetch: {pages} pages, {time} (h:mm:ss) at one every {delay:g} s."]
