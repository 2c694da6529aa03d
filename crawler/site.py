"""Where pages are requested: at the site itself, or at a mirror or replica of it (`KBS_BASE_URL`)."""

from contextlib import suppress
from urllib.parse import urlsplit

from crawler.arguments import ArgumentError
from extractors.address import HOSTS, SITE

#: Answers of the site that say there is no such page; other errors say nothing of the page.
GONE = (404, 410)
_PORTS = {"http": 80, "https": 443}


class Site:
    """The site under the base address that requests go to.

    Articles keep the site's own urls, so a page is requested at its address under the base (`fetchable`) and stored
    under its address on the site (`official`).
    """

    def __init__(self, base_url: str, *others: str, name: str = "KBS_BASE_URL", example: str = SITE) -> None:
        """The site at `base_url`: scheme, host and, where needed, port; a web archive may have parts at others.

        Raises:
            ArgumentError: the setting of this name is not such an address.
        """
        for address in (base_url, *others):
            if not _server(address.strip()) or any(mark in address for mark in "?#@"):
                raise ArgumentError(f"{name} is {address!r}, which is not a web address; give one such as {example}.")
        # As Scrapy writes it in the urls of responses.
        parts = urlsplit(base_url.strip().rstrip("/"))
        self.base = parts._replace(netloc=parts.netloc.lower().removesuffix(f":{_PORTS[parts.scheme]}")).geturl()
        self._servers = {_server(address.strip()) for address in (base_url, *others)}
        if parts.hostname in HOSTS:
            self._servers = {(host, port) for host in HOSTS for port in _PORTS.values()}

    def serves(self, url: str) -> bool:
        """Whether `url` is on the site: on either of its hosts, or on the server of the base."""
        return _server(url) in self._servers

    def fetchable(self, url: str) -> str:
        """The address under the base of a page that the site has at `url`."""
        return self.base + url.removeprefix(SITE) if url.startswith(SITE + "/") else url

    def official(self, url: str) -> str:
        """The address on the site of a page that was fetched from `url`."""
        return SITE + url.removeprefix(self.base) if url.startswith(self.base + "/") else url


def _server(url: str) -> tuple[str, int] | None:
    """Host and port of a web address; None if it is not one."""
    with suppress(ValueError, KeyError):
        parts = urlsplit(url)
        if parts.hostname:
            return parts.hostname, parts.port or _PORTS[parts.scheme]
    return None
