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

    def __init__(self, base_url: str) -> None:
        """The site at `base_url`: scheme, host and, where needed, port.

        Raises:
            ArgumentError: it is not such an address.
        """
        address = base_url.strip().rstrip("/")
        self._server = _server(address)
        if not self._server or any(mark in address for mark in "?#@"):
            raise ArgumentError(f"KBS_BASE_URL is {base_url!r}, which is not a web address; give one such as {SITE}.")
        # As Scrapy writes it in the urls of responses.
        parts = urlsplit(address)
        self.base = parts._replace(netloc=parts.netloc.lower().removesuffix(f":{_PORTS[parts.scheme]}")).geturl()
        self.is_the_site = self._server[0] in HOSTS  # not a mirror or replica

    def serves(self, url: str) -> bool:
        """Whether `url` is on the site: on either of its hosts, or on the server of the base."""
        server = _server(url)
        if self.is_the_site and server:
            return server[0] in HOSTS and server[1] in _PORTS.values()
        return server == self._server

    def fetchable(self, url: str) -> str:
        """The address under the base of a page that the site has at `url`."""
        return self.base + url.removeprefix(SITE) if url.startswith(SITE + "/") else url

    def official(self, url: str) -> str:
        """The address on the site of a page that was fetched from `url`."""
        return SITE + url.removeprefix(self.base) if url.startswith(self.base + "/") else url


class PublicArchive(Site):
    """A web archive: where the spiders of archives are instead of at the site, whose pages they find there."""

    def __init__(self, *addresses: str, is_the_site: bool) -> None:
        """The archive at addresses; ArgumentError if one is none. `is_the_site`: whether to ask for a KBS_CONTACT."""
        for address in addresses:
            if not _server(address) or any(mark in address for mark in "?#@"):
                raise ArgumentError(f"{address!r} is not the address of a web archive; give one such as https://HOST.")
        self.base = addresses[0].rstrip("/")
        self.is_the_site = is_the_site
        self._hosts = {urlsplit(address).hostname for address in addresses}

    def serves(self, url: str) -> bool:
        """Whether `url` is on one of its hosts, at any port: the parts of an archive may have ports of their own."""
        server = _server(url)
        return server is not None and server[0] in self._hosts


def _server(url: str) -> tuple[str, int] | None:
    """Host and port of a web address; None if it is not one."""
    with suppress(ValueError, KeyError):
        parts = urlsplit(url)
        if parts.hostname:
            return parts.hostname, parts.port or _PORTS[parts.scheme]
    return None
