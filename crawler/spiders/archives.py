"""The base of spiders that read web archives: from their indexes to captures, and from these to articles."""

from abc import abstractmethod
from asyncio import CancelledError
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings
from w3lib.encoding import http_content_type_encoding

from crawler.arguments import count, yes
from crawler.extensions.archive import Archive
from crawler.pipeline import CompletedList, ExtractedPage
from crawler.run_state import is_ending, reason_for, storing
from crawler.site import PublicArchive
from crawler.spiders.base import KbsSpider
from extractors import Article, NotAnArticle, extract_page
from extractors.address import EDITIONS, FOLDERS, HOSTS
from extractors.article import KST
from storage import Capture
from storage.archive.capture import Location, Payload, matches_digest, payload_digest
from storage.archive.http import decode_body, decoded
from storage.archive.writer import warc_date
from storage.crawl_state import Coverage
from storage.sources import read_places
from storage.sources.cdx import Answer, Entry, read_index
from storage.sources.found import Found, read_replay

# Indexes answer slowly and at length: for how long, in seconds, and how much. The longest known is far below.
_PATIENCE = 180.0
_MAX_BYTES, _MAX_PARTS, _MAX_ENTRIES = 100_000_000, 1_000, 2_000_000
# Of an index of which so many parts fail in a row no more is asked for in this run.
_FAILED_PARTS = 3
#: What the API of pywb is asked for: these fields of captures, and first how many pages of them there are.
PYWB = {"output": "json", "fl": "url,timestamp,status,mime,digest,filename,offset,length", "showNumPages": "true"}


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
            PublicArchive(self.pywb, is_the_site=False)
        self.fetched = 0
        self.left_out = False
        # For the dry run: by year and edition the articles of captures; which are stored; payloads to be fetched.
        self.captured: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        self.stored: dict[str, bool] = {}
        self.missing: set[str | Entry] = set()

    @classmethod
    def argument_defaults(cls) -> dict[str, str]:
        return KbsSpider.argument_defaults() | {"limit": "", "dry": "", "archive": ""}

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

    # --- what a subclass says of its archive ---

    @abstractmethod
    def indexes(self) -> AsyncIterator[tuple[str, dict[str, str]]]:
        """The indexes that are to be read: the address of each one's CDX API, and what it is asked for."""

    def request_capture(self, entry: Entry) -> Request:
        """The request for a capture as it was (`id_`), as every replay gives it."""
        pages = self.pywb or f"{self.site.base}/web"
        return Request(f"{pages}/{entry.timestamp}id_/{entry.url.replace('#', '%23')}")

    def read_capture(self, response: Response, entry: Entry) -> Found:
        """The capture in an answer; ValueError with a phrase if it is not the one that was asked for."""
        given = {str(name).lower(): value for name, value in response.headers.to_unicode_dict().items()}
        return read_replay(given, response.body, entry, self._max_page)

    # --- the run ---

    async def start(self) -> AsyncIterator[ExtractedPage | CompletedList]:
        """Yield the pages of the captures that each index names, the earliest first."""
        async for api, query in self._collection() if self.pywb else self.indexes():
            failures, self.left_out = len(self.run.failures), bool(self.since or self.until)
            groups = await self._wanted(api, query)
            if self.dry:
                self.missing |= {one.digest or one for one, *_ in groups if self._archived(one) is None}
                continue
            for _ in range(2):  # those that fail once more, after the others
                failed: list[list[Entry]] = []
                for group in groups:
                    async for page in self._pages(group, failed):
                        yield page
                groups = failed
            if not self.left_out and len(self.run.failures) == failures:
                for name in self.names_of(api):
                    yield CompletedList(url=name, coverage=Coverage(complete_from="", complete_to=self.started_at))
        if self.dry:
            print("\n".join(self._table()))

    async def _collection(self) -> AsyncIterator[tuple[str, dict[str, str]]]:
        yield f"{self.pywb}/cdx", PYWB

    def names_of(self, api: str) -> list[str]:
        """The names under which an index is remembered that was read to its end, for each edition."""
        return [f"{api}#{letter}" for letter in self.editions]

    async def fetch(self, request: Request, *accepted: int) -> Response:
        """The answer to a request.

        Raises:
            ValueError: there is none, or its status is not `accepted`; with a phrase.
            CancelledError: the run is ending.
        """
        if is_ending(self.crawler):
            raise CancelledError
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001  (as what a request's errback gets)
            raise ValueError(reason_for(error)) from None
        if response.status not in accepted:
            raise ValueError(f"HTTP {response.status}")
        return response

    # --- indexes ---

    async def _wanted(self, api: str, query: dict[str, str]) -> list[list[Entry]]:
        """The captures in an index that are to be read, the earliest first; those with the same payload together."""
        entries: dict[tuple[str, datetime], Entry] = {}
        folders = ["service", *(folder for folder, letter in FOLDERS.items() if letter in self.editions)]
        for prefix in (f"{host}/{folder}/" for host in HOSTS for folder in folders):
            async for answer in self._answers(api, {"url": prefix, "matchType": "prefix"} | query):
                with storing(self.crawler):
                    new = {(one.url, one.captured_at): one for one in answer.entries if self._is_wanted(one)}
                    entries = new | entries
                if len(entries) > _MAX_ENTRIES:
                    self.run.failures[api] = "its index has more captures than the site can have"
                    break
        groups: dict[str, list[Entry]] = {}
        for entry in sorted(entries.values(), key=lambda entry: (entry.captured_at, entry.url)):
            groups.setdefault(entry.digest or f"{entry.timestamp} {entry.url}", []).append(entry)
        return list(groups.values())

    async def _answers(self, api: str, query: dict[str, str]) -> AsyncIterator[Answer]:
        """What an index answers to a query, part by part."""
        if self.since:  # a day in KST begins on the day before in UTC
            query["from"] = f"{self.since - timedelta(days=1):%Y%m%d}"
        if self.until:
            query["to"] = f"{self.until:%Y%m%d}"
        parts, failed = [query], 0
        for _ in range(_MAX_PARTS):
            if not parts or failed == _FAILED_PARTS:
                return
            part = parts.pop(0)
            answer = await self._answer(f"{api}?{urlencode(part)}")
            failed = failed + 1 if answer is None else 0
            if answer is None:
                continue
            yield answer
            if answer.pages is not None and part.pop("showNumPages", ""):
                parts = [part | {"page": str(page)} for page in range(min(answer.pages, _MAX_PARTS))]
            elif answer.resume_key and answer.resume_key == part.get("resumeKey"):
                break
            elif answer.resume_key:
                parts = [part | {"resumeKey": answer.resume_key}]
        self.run.failures[api] = "its index does not end"

    async def _answer(self, url: str) -> Answer | None:
        """A part of an index; None if it failed twice."""
        for _ in range(2):
            try:
                response = await self.fetch(
                    Request(url, meta={"download_timeout": _PATIENCE, "download_maxsize": _MAX_BYTES}), 200, 404
                )
                coding = (response.headers.get("Content-Encoding") or b"").decode("latin-1")
                answer = read_index(decode_body(response.body, _MAX_BYTES, coding), response.status)
            except ValueError as error:
                self.run.failures[url] = str(error)
                continue
            self.run.failures.pop(url, None)
            if answer.flaws:
                self.run.failures[url] = f"passed over: {len(answer.flaws)} lines, {answer.flaws[0]}"
            if answer.revisits:
                count = len(answer.revisits)
                self.run.notes.append(f"passed over: {count} revisits without a payload, as of {answer.revisits[0]}")
            return answer
        return None

    def _is_wanted(self, entry: Entry) -> bool:
        day = entry.captured_at.astimezone(KST).date()
        is_within = (self.since or day) <= day <= (self.until or day)
        if entry.address.edition not in self.editions or not is_within:
            return False
        if self.dry:
            url = entry.address.url
            self.captured[day.year, entry.address.edition].append(url)
            self.stored[url] = self.crawl_state.knows(url, None)
        is_known = not self.full and self.crawl_state.has_read(entry.url, entry.captured_at)
        self.run.counts["unchanged"] += is_known
        return not is_known

    # --- captures ---

    async def _pages(self, group: list[Entry], failed: list[list[Entry]]) -> AsyncIterator[ExtractedPage]:
        """The pages of captures that have one payload, which is fetched if the own archive does not have it.

        If it cannot be fetched, the group is added to `failed`, to be asked for by another of its captures.
        """
        original = self._archived(group[0])
        if original is None and self.limit is not None and self.fetched >= self.limit:
            self.left_out = True
            return
        if original is None:
            self.fetched += 1
            request = self.request_capture(group[0])
            request.headers["Accept-Encoding"] = "identity"
            try:
                found = self.read_capture(await self.fetch(request, 200, 206), group[0])
            except ValueError as error:
                self.run.failures[request.url] = str(error)
                failed.append([*group[1:], group[0]])
                return
            original = self._kept(group[0], found)
        for entry in group:
            self.run.failures.pop(self.request_capture(entry).url, None)
            is_original = (entry.url, entry.captured_at) == (original.url, original.fetched_at)
            yield await self._page(entry, original if is_original else self._kept_again(entry, original))

    def _archived(self, entry: Entry) -> Capture | None:
        """The capture with this payload that the own archive has, if any."""
        places = []
        with storing(self.crawler):
            places = self.crawl_state.archived_payloads(entry.digest)
        folder = self.crawler.settings["KBS_ARCHIVE"]
        for item in read_places(places, Path(folder).expanduser(), self._max_page) if folder else ():
            if isinstance(item, Capture) and item.status == 200 and matches_digest(entry.digest, item.body):
                return replace(item, digest=entry.digest)
        return None

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
        now, source = datetime.now(UTC), self.request_capture(entry).url.partition("#")[0]
        about = {"WARC-Date": warc_date(entry.captured_at), "WARC-Creation-Date": warc_date(now)}
        return archive.keep(url=entry.url, fetched_at=now, about=about | {"WARC-Source-URI": source}, **fields)

    async def _page(self, entry: Entry, capture: Capture) -> ExtractedPage:
        """The page of a capture, extracted as `kbsworld reextract` would."""
        result: Article | NotAnArticle
        try:
            page = decoded(capture, self._max_page)
            result = NotAnArticle(page.refused)
            if not page.refused:
                result = await self.extract(extract_page, page.body, page.url, page.charset, page.media_type)
        except ValueError as error:
            result = NotAnArticle(str(error))
        return ExtractedPage(
            url=entry.address.url, capture=capture, result=result, timestamp=None, listed=False, of_archive=True
        )

    @property
    def _max_page(self) -> int:
        return self.crawler.settings.getint("KBS_MAX_PAGE")

    def _table(self) -> Iterator[str]:
        """What there is, by year of capture and edition, and how long it would take to fetch it."""
        yield f"{'year':<8}{'edition':<8}{'captures':>10}{'articles':>10}{'not stored':>12}"
        parts = {(f"{year}", EDITIONS[letter]): urls for (year, letter), urls in sorted(self.captured.items())}
        for (year, edition), urls in [*parts.items(), (("all", ""), [url for some in parts.values() for url in some])]:
            missing = sum(not self.stored[url] for url in set(urls))
            yield f"{year:<8}{edition:<8}{len(urls):>10}{len(set(urls)):>10}{missing:>12}"
        delay = self.crawler.settings.getfloat("DOWNLOAD_DELAY")
        time = timedelta(seconds=round(len(self.missing) * delay))
        yield f"To fetch: {len(self.missing)} pages, {time} (h:mm:ss) at one every {delay:g} s."
