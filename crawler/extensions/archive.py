"""Archives every exchange with the site as WARC."""

from contextlib import suppress
from datetime import UTC, datetime
from http.client import responses as phrases
from pathlib import Path
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Headers, Response

from crawler.extensions import RunExtension
from crawler.run_state import storing
from crawler.spiders.archives import ArchiveSpider
from storage import ArchiveWriter
from storage.archive.capture import Location, Place, payload_digest

# Settings that the warcinfo record names, besides those that have fields of their own.
_SETTINGS = ("DOWNLOAD_DELAY", "AUTOTHROTTLE_ENABLED", "CONCURRENT_REQUESTS", "RETRY_TIMES", "KBS_RECHECK_DAYS")


class Archive(RunExtension):
    """Writes every response to KBS_ARCHIVE as it came over the wire, before anything else happens to it.

    Notes in the request's `meta` when it came (`fetched_at`) and where it is (`location`).
    """

    def response_downloaded(self, response: Response, request: Request) -> None:
        """Archive one exchange. If that fails, whatever the reason, the run ends: no page is stored unarchived."""
        if isinstance(self.spider, ArchiveSpider):
            return  # what it fetches is no page of the site, but holds some
        request.meta.update(fetched_at=datetime.now(UTC), location=None, unarchived=True)
        with storing(self.crawler):
            if self.spider.archive:
                request.meta["location"] = self._write(self.spider.archive, response, request)
            request.meta["unarchived"] = False

    def spider_opened(self) -> None:
        settings = self.crawler.settings
        self._folder = Path(settings["KBS_ARCHIVE"] or "").expanduser()
        arguments = "".join(f" {name}={value}" for name, value in self.spider.arguments.items())
        about = {
            "software": settings["USER_AGENT"],
            "format": "WARC File Format 1.1",
            "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
            "description": " ".join(f"spider {self.spider.name}{arguments}".split()),
            "settings": " ".join(f"{name}={settings[name]}" for name in _SETTINGS),
        }
        if settings["KBS_ARCHIVE"]:
            self.spider.archive = ArchiveWriter(self._folder, self.spider.name, about)

    def _write(self, writer: ArchiveWriter, response: Response, request: Request) -> Location:
        parts = urlsplit(request.url)
        target = parts._replace(scheme="", netloc="", fragment="").geturl()
        protocol = response.protocol or "HTTP/1.1"
        digest = payload_digest(response.body)
        earlier = self._earlier(response.url, digest)
        place = writer.write(
            url=response.url,
            fetched_at=request.meta["fetched_at"],
            request_line=f"{request.method} {target} {protocol}",
            request_headers=[("Host", parts.netloc), *_pairs(request.headers)],
            status_line=f"{protocol} {response.status} {phrases.get(response.status, '')}".rstrip(),
            headers=_pairs(response.headers),
            body=response.body,
            digest=digest,
            revisits=earlier,
        )
        if earlier is None and response.body:
            self.spider.crawl_state.archived[response.url] = place
        return place.location

    def spider_closed(self) -> None:
        if self.spider.archive is not None:
            self.spider.archive.close()

    def _earlier(self, url: str, digest: str) -> Place | None:
        """The same payload of the same address, if the archive still has it."""
        place = self.spider.crawl_state.payload(url)
        if place is None or place.digest != digest:
            return None
        with suppress(OSError):
            if (self._folder / place.location.file).stat().st_size >= place.end:
                return place
        return None


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return Headers(headers, encoding="latin-1").to_tuple_list()
