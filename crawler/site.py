"""Where the site is asked for: the site itself, or a mirror or replica that stands in for it (`KBS_BASE_URL`)."""

from __future__ import annotations

from urllib.parse import urlsplit

from scrapy import Request

from extractors.address import HOSTS, SITE

#: Answers of the site that say there is no such page; other errors say nothing of the page.
GONE = (404, 410)


class Site:
    """The site under the base address that requests go to.

    Articles keep the site's own urls whatever served them, so a page is asked for by its address under the base
    (`fetchable`) and known by its address on the site (`official`).
    """

    def __init__(self, base_url: str) -> None:
        """The site at `base_url`: scheme, host and, where needed, port.

        Raises:
            ValueError: it is no such address; the message is a sentence.
        """
        address = base_url.strip().rstrip("/")
        self._home = _server(address)
        if self._home is None or any(mark in address for mark in "?#@"):
            raise ValueError(f"KBS_BASE_URL is {base_url!r}, which is no web address; give one such as {SITE}.")
        # As Scrapy writes it in the urls of responses: scheme and host in lower case, no port that goes without saying.
        self.base = _as_scrapy_writes_it(address).rstrip("/")

    @property
    def is_the_site(self) -> bool:
        """Whether this is the site itself, not something that stands in for it."""
        return self._home is not None and self._home[0] in HOSTS

    def serves(self, url: str) -> bool:
        """Whether `url` is on the site: on either of its hosts, or on the server of the base."""
        server = _server(url)
        if server is None or self._home is None:
            return False
        if self.is_the_site:
            return server[0] in HOSTS and server[1] in {80, 443}
        return server == self._home

    def fetchable(self, url: str) -> str:
        """The address under the base of a page that the site has at `url`."""
        return self.base + url.removeprefix(SITE) if url.startswith(SITE + "/") else url

    def official(self, url: str) -> str:
        """The address on the site of a page that was fetched from `url`."""
        return SITE + url.removeprefix(self.base) if url.startswith(self.base + "/") else url


def _server(url: str) -> tuple[str, int] | None:
    """Host and port of a web address, or None where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname, port) if parts.hostname else None


def _as_scrapy_writes_it(address: str) -> str:
    parts = urlsplit(Request(address).url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    port = f":{parts.port}" if parts.port not in {None, default} else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
