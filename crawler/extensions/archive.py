"""Archives every exchange with the site as WARC."""

from contextlib import suppress
from datetime import UTC, datetime
from http.client import responses as phrases
from pathlib import Path
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Headers, Response

from crawler.extensions import RunExtension
from crawler.run_state import end_run
from storage import ArchiveWriter
from storage.archive.capture import Payload, payload_digest

# Settings that the warcinfo record names, besides those that have fields of their own.
_SETTINGS = ("DOWNLOAD_DELAY", "AUTOTHROTTLE_ENABLED", "CONCURRENT_REQUESTS", "RETRY_TIMES", "KBS_RECHECK_DAYS")


class Archive(RunExtension):
    """Writes every response to KBS_ARCHIVE as it came over the wire, before anything else happens to it.

    Notes in the request's `meta` when it came (`fetched_at`) and where it is (`location`).
    """

    _writer: ArchiveWriter | None = None

    def spider_opened(self) -> None:
        settings = self.crawler.settings
        if settings["KBS_ARCHIVE"]:
            self._folder = Path(settings["KBS_ARCHIVE"]).expanduser()
            arguments = "".join(f" {name}={value}" for name, value in self.spider.arguments.items())
            about = {
                "software": settings["USER_AGENT"],
                "format": "WARC File Format 1.1",
                "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
                "description": " ".join(f"spider {self.spider.name}{arguments}".split()),
                "settings": " ".join(f"{name}={settings[name]}" for name in _SETTINGS),
            }
            self._writer = ArchiveWriter(self._folder, self.spider.name, about)

    def response_downloaded(self, response: Response, request: Request) -> None:
        """Archive one exchange. If that fails the run ends: a page must not be stored unarchived."""
        fetched_at = datetime.now(UTC)
        request.meta.update(fetched_at=fetched_at, location=None, unarchived=False)
        if self._writer is None:
            return
        parts = urlsplit(request.url)
        target = parts._replace(scheme="", netloc="", fragment="").geturl()
        protocol = response.protocol or "HTTP/1.1"
        digest = payload_digest(response.body)
        earlier = self._earlier(response.url, digest)
        try:
            location = self._writer.write(
                url=response.url,
                fetched_at=fetched_at,
                request_line=f"{request.method} {target} {protocol}",
                request_headers=[("Host", parts.netloc), *_pairs(request.headers)],
                status_line=f"{protocol} {response.status} {phrases.get(response.status, '')}".rstrip(),
                headers=_pairs(response.headers),
                body=response.body,
                digest=digest,
                revisits=earlier,
            )
        except OSError as error:
            request.meta["unarchived"] = True
            reason = f"KBS_ARCHIVE cannot be written ({self.crawler.settings['KBS_ARCHIVE']}: {error.strerror})"
            end_run(self.crawler, "archive_failed", f"{reason}; choose a folder with free space, or none.")
            return
        request.meta["location"] = location
        if earlier is None and response.body:
            payload = Payload(digest=digest, fetched_at=fetched_at, location=location, end=self._writer.position)
            self.spider.crawl_state.archived[response.url] = payload

    def spider_closed(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _earlier(self, url: str, digest: str) -> Payload | None:
        """The same payload of the same address, if the archive still has it."""
        payload = self.spider.crawl_state.payload(url)
        if payload is None or payload.digest != digest:
            return None
        with suppress(OSError):
            if (self._folder / payload.location.file).stat().st_size >= payload.end:
                return payload
        return None


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values or []
    ]
