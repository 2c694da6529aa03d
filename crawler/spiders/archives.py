"""The base of spiders that read web archives: from their indexes to captures, and from these to articles."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure
from w3lib.encoding import http_content_type_encoding

from crawler.arguments import count, yes
from crawler.extensions.archive import Archive
from crawler.pipeline import CompletedList, ExtractedPage
from crawler.run_state import storing
from crawler.site import PublicArchive
from crawler.spiders.base import KbsSpider, Output, asked_for
from extractors import Article, NotAnArticle, extract_page
from extractors.address import EDITIONS, FOLDERS, HOSTS
from extractors.article import KST
from storage import Capture
from storage.archive.capture import Location, Payload, Place, matches_digest, payload_digest
from storage.archive.http import decode_body, decoded
from storage.archive.writer import warc_date
from storage.crawl_state import Coverage
from storage.sources import read_places
from storage.sources.cdx import Answer, Entry, read_index
from storage.sources.found import Found, read_replay

#: What pywb's API is asked for: these fields of each capture, and first how many pages of them there are.
PYWB = {"output": "json", "fl": "url,timestamp,status,mime,digest,filename,offset,length", "showNumPages": "true"}
# An index of more parts does not end.
_MAX_PARTS = 100_000


@dataclass(slots=True)
class Reading:
    """The reading of one index. Captures are requested when all of it is read, the earliest first.

    Attributes:
        api: the address of its CDX API.
        is_closed: whether it never changes: read to its end, it is not read again.
        priority: of its requests; smaller for one that is read later.
        parts, captures: how many requests wait for an answer.
        incomplete: whether something was left out or failed.
        entries: what is wanted of it, by address and time.
    """

    api: str
    is_closed: bool = False
    priority: int = 0
    parts: int = 0
    captures: int = 0
    incomplete: bool = False
    entries: dict[tuple[str, datetime], Entry] = field(default_factory=dict)


class ArchiveSpider(KbsSpider):
    """Reads indexes of a web archive, and fetches the captures of articles that were not read before."""

    custom_settings = KbsSpider.custom_settings | {
        # Services for programs, within limits that they publish: crawler/README.md, "Web archives".
        "ROBOTSTXT_OBEY": False,
        # Digests are of the bytes as they were.
        "COMPRESSION_ENABLED": False,
        # To another capture than was asked for.
        "REDIRECT_ENABLED": False,
        # By priority alone, whichever of an archive's hosts is asked.
        "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue",
    }
    expected_fields = ()
    guesses = True
    #: The settings that have the addresses of the archive, and the delay between requests.
    addresses: ClassVar[tuple[str, ...]]
    delay: ClassVar[str]
    #: Whether it serves records of its WARC files, and not pages.
    serves_records: ClassVar[bool] = False

    def __init__(
        self,
        lang: str = "f",
        since: str = "",
        until: str = "",
        limit: str = "",
        dry: str = "",
        archive: str = "",
        full: str = "",
    ) -> None:
        """A spider with the texts of these arguments; raises ArgumentError if one is invalid.

        Args:
            lang: as of KbsSpider.
            since, until: days of capture, in KST.
            limit: how many captures are fetched at most.
            dry: `1` to print what there is, and fetch no capture.
            archive: the address of a collection of pywb, which is read instead.
            full: `1` to fetch captures that were read before, too.
        """
        super().__init__(lang, since, until, full)
        self.limit, self.dry, self.pywb = count("limit", limit), yes("dry", dry), archive.strip().rstrip("/")
        if archive:
            PublicArchive(self.pywb, is_the_site=False)
        self.readings: dict[str, Reading] = {}
        self.fetched = 0
        # By year and edition: captures, and whether each of their articles is stored.
        self.there_is: defaultdict[tuple[int, str], tuple[list[Entry], dict[str, bool]]]
        self.there_is = defaultdict(lambda: ([], {}))
        self.to_fetch = 0

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        settings.set("DOWNLOAD_DELAY", settings[cls.delay], priority="spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        addresses = [spider.pywb] if spider.pywb else [crawler.settings[name] for name in cls.addresses]
        spider.site = PublicArchive(*addresses, is_the_site=not spider.pywb)
        return spider

    def closed(self, reason: str) -> None:
        super().closed(reason)
        if self.dry:
            print("\n".join(self._table()))

    # --- what a subclass says of its archive ---

    @abstractmethod
    def first_indexes(self) -> Iterator[Request]:
        """The requests that a run begins with."""

    def request_capture(self, entry: Entry) -> Request:
        """The request for a capture, still without a callback: as it was (`id_`), as every replay gives it."""
        pages = self.pywb or f"{self.site.base}/web"
        return Request(f"{pages}/{entry.timestamp}id_/{entry.url.replace('#', '%23')}")

    def read_capture(self, response: Response, entry: Entry) -> Found:
        """The capture in an answer; ValueError with a phrase if it is not the one that was asked for."""
        given = {str(name): value for name, value in response.headers.to_unicode_dict().items()}
        return read_replay(given, response.body, entry)

    # --- indexes ---

    def first_requests(self) -> Iterator[Request]:
        state = getattr(self, "state", {})  # Scrapy's JOBDIR keeps it: the requests of a job go on by themselves
        if not state.get("begun"):
            state["begun"] = True
            yield from self.read(Reading(f"{self.pywb}/cdx"), PYWB) if self.pywb else self.first_indexes()

    def read(self, reading: Reading, query: Mapping[str, str]) -> Iterator[Request]:
        """The requests that begin to read an index; `query`: the parameters of its API."""
        self.readings[reading.api] = reading
        bounds = {}
        if self.since:  # a day in KST begins on the day before in UTC
            bounds["from"] = f"{self.since - timedelta(days=1):%Y%m%d}"
        if self.until:
            bounds["to"] = f"{self.until:%Y%m%d}"
        folders = ["service", *(folder for folder, letter in FOLDERS.items() if letter in self.editions)]
        for prefix in (f"{host}/{folder}/" for host in HOSTS for folder in folders):
            yield self._part(reading, {"url": prefix, "matchType": "prefix", **query, **bounds})

    def _part(self, reading: Reading, query: Mapping[str, str], number: int = 0) -> Request:
        """The request for a part of an index."""
        reading.parts += 1
        settings = self.crawler.settings
        bounds = {
            "download_timeout": settings.getfloat("KBS_INDEX_TIME"),
            "download_maxsize": settings.getint("KBS_MAX_INDEX"),
        }
        return Request(
            f"{reading.api}?{urlencode(query)}",
            self.parse_index,
            errback=self.failed,
            cb_kwargs={"api": reading.api, "query": query, "number": number},
            meta=bounds | {"handle_httpstatus_list": [404]},  # how pywb says that it has nothing
            priority=reading.priority,
            dont_filter=True,
        )

    async def parse_index(
        self, response: Response, api: str, query: Mapping[str, str], number: int
    ) -> AsyncIterator[Output]:
        """Request the next parts of an index, or, after the last one, the captures that it names."""
        request = response.request
        assert request is not None
        try:
            answer = read_index(self._unpacked(response), response.status, with_places=self._by_record)
        except ValueError as error:
            if again := get_retry_request(request, spider=self, reason=str(error)):
                yield again
                return
            async for output in self._after_failure(self.give_up(request, str(error))):
                yield output
            return
        self.run.failures.pop(asked_for(request), None)
        reading = self._reading(api)
        if number >= _MAX_PARTS or (answer.resume_key and answer.resume_key == query.get("resumeKey")):
            answer.flaws[0], answer.resume_key = "an index that does not end", ""
        self._report_flaws(reading, answer, request.url)
        with storing(self.crawler):
            for entry in answer.entries:
                self._take(reading, entry)
        if answer.pages is not None:
            rest = {name: value for name, value in query.items() if name != "showNumPages"}
            for page in range(min(answer.pages, _MAX_PARTS)):
                yield self._part(reading, rest | {"page": str(page)})
        elif answer.resume_key:
            yield self._part(reading, {**query, "resumeKey": answer.resume_key}, number + 1)
        async for output in self._part_done(reading):
            yield output

    @property
    def _by_record(self) -> bool:
        return self.serves_records and not self.pywb

    def _reading(self, api: str) -> Reading:
        """The reading of an index; of one that a job began, of which not all is known, it is incomplete."""
        return self.readings.setdefault(api, Reading(api, parts=1, captures=1, incomplete=True))

    def _unpacked(self, response: Response) -> bytes:
        most = self.crawler.settings.getint("KBS_MAX_INDEX")
        coding = (response.headers.get("Content-Encoding") or b"").decode("latin-1")
        body, refused = decode_body(response.body, most, coding)
        if refused:
            raise ValueError("an index larger than KBS_MAX_INDEX")
        return body

    def _report_flaws(self, reading: Reading, answer: Answer, url: str) -> None:
        if answer.flaws:
            line, what = next(iter(answer.flaws.items()))
            reading.incomplete = True
            self.run.failures[f"{url} (line {line})"] = f"{what}; {len(answer.flaws)} such lines are passed over"
        if answer.revisits:
            first = f"the first of {answer.revisits[0]}"
            self.run.notes.append(f"revisits without a payload, passed over: {len(answer.revisits)}, {first}")

    def _take(self, reading: Reading, entry: Entry) -> None:
        """Note a capture for the time when all of the index is read, if it is wanted."""
        if entry.address.edition not in self.editions or (entry.url, entry.captured_at) in reading.entries:
            return
        day = entry.captured_at.astimezone(KST).date()
        if (self.since and day < self.since) or (self.until and day > self.until):
            reading.incomplete = True
            return
        if self.dry:
            captures, stored = self.there_is[day.year, entry.address.edition]
            captures.append(entry)
            stored[entry.address.url] = self.crawl_state.knows(entry.address.url, None)
        if self.crawl_state.has_read(entry.url, entry.captured_at) and not self.full:
            self.run.counts["unchanged"] += 1
        else:
            reading.entries[entry.url, entry.captured_at] = entry

    async def _part_done(self, reading: Reading) -> AsyncIterator[Output]:
        """The captures of an index, after its last part: the pages of those with a payload that is archived here."""
        reading.parts -= 1
        if reading.parts > 0:
            return
        groups: dict[str, list[Entry]] = {}
        for entry in sorted(reading.entries.values(), key=lambda entry: (entry.captured_at, entry.url)):
            groups.setdefault(entry.digest or f"{entry.timestamp} {entry.url}", []).append(entry)
        reading.entries = {}
        for digest, group in groups.items():
            original = self._archived(digest)
            if self.dry:
                self.to_fetch += original is None
            elif original is not None:
                for entry in group:
                    yield await self._page(entry, self._kept_again(entry, original))
            elif self.limit is not None and self.fetched >= self.limit:
                reading.incomplete = True
            else:
                self.fetched += 1
                yield self._requested(reading, group)
        for output in self._complete(reading):
            yield output

    def _complete(self, reading: Reading) -> Iterator[Output]:
        """The index as read to its end, if it was."""
        if reading.is_closed and not (reading.parts or reading.captures or reading.incomplete or self.dry):
            for name in self.names_of(reading.api):
                yield CompletedList(url=name, coverage=Coverage(complete_from="", complete_to=self.started_at))

    def names_of(self, api: str) -> list[str]:
        """Under which an index is remembered that was read to its end, for each edition."""
        return [f"{api}#{letter}" for letter in self.editions]

    # --- captures ---

    def _requested(self, reading: Reading, group: list[Entry]) -> Request:
        """The request for a payload; `group`: the captures that have it."""
        reading.captures += 1
        request = self.request_capture(group[0])
        request.headers["Accept-Encoding"] = "identity"
        return request.replace(
            callback=self.parse_capture,
            errback=self.failed,
            cb_kwargs={"api": reading.api, "group": group},
            priority=reading.priority + 1,
            dont_filter=True,
        )

    async def parse_capture(self, response: Response, api: str, group: list[Entry]) -> AsyncIterator[Output]:
        """The pages of captures with one payload, after it was archived."""
        request = response.request
        assert request is not None
        try:
            found = self.read_capture(response, group[0])
        except ValueError as error:
            async for output in self._after_failure(self.give_up(request, str(error))):
                yield output
            return
        self.run.failures.pop(asked_for(request), None)
        original = self._kept(group[0], found)
        yield await self._page(group[0], original)
        for entry in group[1:]:
            yield await self._page(entry, self._kept_again(entry, original))
        reading = self._reading(api)
        reading.captures -= 1
        for output in self._complete(reading):
            yield output

    def _kept(self, entry: Entry, found: Found) -> Capture:
        """A capture, after it was archived."""
        location = self._keep(entry, status_line=found.status_line, headers=found.headers, body=found.body)
        fields = {name.lower(): value for name, value in found.headers}
        return Capture(
            url=entry.url,
            fetched_at=entry.captured_at,
            body=found.body,
            charset=http_content_type_encoding(fields.get("content-type")),
            encodings=(fields.get("content-encoding", ""), fields.get("transfer-encoding", "")),
            location=location,
            digest=entry.digest or payload_digest(found.body),
        )

    def _kept_again(self, entry: Entry, original: Capture) -> Capture:
        """A capture with the payload of another, after its `revisit` record was archived."""
        if place := original.location:
            digest = payload_digest(original.body)
            payload = Payload(digest=digest, fetched_at=original.fetched_at, location=place, end=0)
            self._keep(entry, revisits=payload, revisited_url=original.url)
        return replace(original, url=entry.url, fetched_at=entry.captured_at)

    def _keep(self, entry: Entry, **fields: Any) -> Location | None:
        """Archive a record of a capture, with the fields that say where it is from, as warcit writes them."""
        archive = self.crawler.get_extension(Archive)
        assert archive is not None
        source = self.request_capture(entry).url.partition("#")[0]
        about = {"WARC-Source-URI": source, "WARC-Creation-Date": warc_date(datetime.now(UTC))}
        return archive.keep(url=entry.url, fetched_at=entry.captured_at, about=about, **fields)

    def _archived(self, digest: str) -> Capture | None:
        """A capture with a payload, if the own archive has it."""
        place: Place | None = None
        with storing(self.crawler):
            place = self.crawl_state.archived_payload(digest)
        folder = self.crawler.settings["KBS_ARCHIVE"]
        if place is not None and folder:
            for item in read_places([place], Path(folder).expanduser(), self._max_page):
                if isinstance(item, Capture) and item.status == 200 and matches_digest(digest, item.body):
                    return replace(item, location=place.location, digest=digest)
        return None

    async def _page(self, entry: Entry, capture: Capture) -> ExtractedPage:
        """The page of a capture, extracted as `kbsworld reextract` would."""
        result: Article | NotAnArticle
        try:
            page = decoded(capture, self._max_page)
        except ValueError as error:
            result = NotAnArticle(str(error))
        else:
            result = NotAnArticle(page.refused)
            if not page.refused:
                result = await self.extract(extract_page, page.body, page.url, page.charset, page.media_type)
        return ExtractedPage(
            url=entry.address.url, capture=capture, result=result, timestamp=None, listed=False, of_archive=True
        )

    @property
    def _max_page(self) -> int:
        return self.crawler.settings.getint("KBS_MAX_PAGE")

    # --- failures ---

    def give_up(self, request: Request, reason: str, *, again: bool = True) -> Iterator[Output]:
        """Report a request that failed, as in `page_failed`, and yield it if that was its last chance."""
        if self.page_failed(request, reason, again=again):
            yield request

    async def failed(self, failure: Failure) -> AsyncIterator[Output]:
        """Deal with a request without a response, or with one that is an error."""
        async for output in self._after_failure(self.download_failed(failure)):
            yield output

    async def _after_failure(self, given_up: Iterable[Output]) -> AsyncIterator[Output]:
        """Go on after requests that failed for good."""
        for request in given_up:
            assert isinstance(request, Request)
            if "api" not in request.cb_kwargs:
                continue
            reading = self._reading(request.cb_kwargs["api"])
            reading.incomplete = True
            if "group" not in request.cb_kwargs:
                async for output in self._part_done(reading):
                    yield output
                continue
            reading.captures -= 1
            if others := request.cb_kwargs["group"][1:]:
                yield self._requested(reading, others)

    # --- the dry run ---

    def _table(self) -> Iterator[str]:
        """What there is, by year of capture and edition, and how long it would take to fetch it."""
        yield f"{'year':<8}{'edition':<8}{'captures':>10}{'articles':>10}{'not stored':>12}"
        all_stored: dict[str, bool] = {}
        for (year, letter), (captures, stored) in sorted(self.there_is.items()):
            all_stored |= stored
            yield _line(f"{year}", EDITIONS[letter], len(captures), stored)
        yield _line("all", "", sum(len(captures) for captures, _ in self.there_is.values()), all_stored)
        delay = self.crawler.settings.getfloat("DOWNLOAD_DELAY")
        time = timedelta(seconds=round(self.to_fetch * delay))
        yield f"To fetch: {self.to_fetch} pages, {time} (h:mm:ss) at one every {delay:g} s."


def _line(year: str, edition: str, captures: int, stored: Mapping[str, bool]) -> str:
    missing = sum(not known for known in stored.values())
    return f"{year:<8}{edition:<8}{captures:>10}{len(stored):>10}{missing:>12}"
