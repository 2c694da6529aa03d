"""Where the site is asked for: the site itself, or a mirror or replica that stands in for it (`KBS_BASE_URL`)."""

from __future__ import annotations

from urllib.parse import urlsplit

from extractors.address import HOSTS, SITE


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
        self.base = base_url.strip().rstrip("/")
        try:
            parts = urlsplit(self.base)
            self.host = parts.hostname or ""
            self.port = parts.port
        except ValueError:
            parts, self.host = urlsplit(""), ""
        if parts.scheme not in {"http", "https"} or not self.host or parts.query or parts.fragment or parts.username:
            raise ValueError(f"KBS_BASE_URL is {base_url!r}, which is no web address; give one such as {SITE}.")

    @property
    def hosts(self) -> list[str]:
        """The hosts that requests may go to."""
        return sorted(HOSTS) if self.host in HOSTS else [self.host]

    def fetchable(self, url: str) -> str:
        """The address under the base of a page that the site has at `url`."""
        return self.base + url.removeprefix(SITE) if url.startswith(SITE + "/") else url

    def official(self, url: str) -> str:
        """The address on the site of a page that was fetched from `url`."""
        return SITE + url.removeprefix(self.base) if url.startswith(self.base + "/") else url
