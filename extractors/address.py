"""KBS World addresses: what a url names, and its one canonical form. The only place that knows query parameters."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote_plus, urljoin, urlsplit

from w3lib.url import add_or_replace_parameter

#: `site.toml`, which explains every entry.
FACTS: Mapping[str, Any] = tomllib.loads((files("extractors") / "site.toml").read_text("utf-8"))

#: Where canonical urls live.
SITE: str = FACTS["site"]
HOSTS: Sequence[str] = FACTS["hosts"]
#: `lang=` letter -> ISO 639-1 code.
EDITIONS: Mapping[str, str] = FACTS["editions"]
MENUS: Sequence[str] = FACTS["menus"]
PROGRAMMES: Sequence[str] = FACTS["programmes"]
FEEDS: Sequence[str] = FACTS["feeds"]


class Page(NamedTuple):
    """One kind of page under /service/; the comments of `site.toml` explain the fields."""

    kind: str
    layout: str = "generic"
    id: Sequence[str] = ()
    view: str = ""
    wordless: bool = False
    numbered: bool = False


#: By file name.
PAGES = {name: Page(**entry) for name, entry in FACTS["pages"].items()}
_OTHER = Page("other")

#: Longer than any address of the site; what is longer is not parsed at all.
MAX_LENGTH = 2083

_ID = re.compile(r"[0-9A-Za-z_]{1,40}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """What an address of the site names.

    Attributes:
        url: canonical: https, `world.kbs.co.kr`, `lang` and the article's id alone. For lists and pages of no known
            kind, the address on the canonical host, without its fragment.
        kind: `news`, `feature`, `programme`, `list`, or `other` for every other page of the site.
        edition: the letter of `lang=`, or None where it is missing or unknown.
        page: the file name, such as `news_vod_view.htm`.
    """

    url: str
    kind: str
    edition: str | None
    page: str

    @property
    def lang(self) -> str | None:
        """ISO 639-1 code of the edition, or None."""
        return EDITIONS.get(self.edition or "")

    @property
    def facts(self) -> Page:
        """What is known of pages of this file name."""
        return PAGES.get(self.page, _OTHER)

    @property
    def view_url(self) -> str:
        """The page to ask for: `url`, but the video view where the address was one, written as the seed's is."""
        if not (self.is_video and self.is_article):
            return self.url
        return self.url.replace(f"{self.facts.view}?", f"{self.page}?").replace("&", "&menu_cate=videonews&", 1)

    @property
    def is_video(self) -> bool:
        """Whether this is the video view of its article."""
        return self.facts.view != ""

    @property
    def is_article(self) -> bool:
        """Whether the page holds one article, by its address."""
        return self.kind in {"news", "feature", "programme"}


def parse_address(url: str) -> Address | None:
    """What `url` names, or None when it is no address of KBS World (another host, another scheme, not a url).

    Host, scheme, port, fragment, and order, case and repetition of parameters leave no trace in the canonical url. Of a
    parameter given twice the first value that is not empty counts.
    """
    return _parse_address(url) if len(url) <= MAX_LENGTH else None


@lru_cache(maxsize=128)  # a page on its way to the database asks several times
def _parse_address(url: str) -> Address | None:
    try:
        parts = urlsplit(url.strip())
        parts.port  # noqa: B018  (read for its check: a port that is no number raises here)
    except ValueError:  # broken brackets too
        return None
    if parts.scheme not in {"http", "https"} or parts.hostname not in HOSTS:
        return None
    path = re.sub(r"/{2,}", "/", parts.path) or "/"
    values = _parameters(parts.query)
    edition = lang if (lang := values.get("lang")) in EDITIONS else None
    name = path.removeprefix("/service/")
    page = PAGES.get(name, _OTHER)
    ids = [(key, values.get(key.lower(), "")) for key in page.id]
    if ids and edition is not None and all(_ID.match(value) for _, value in ids):
        query = "".join(f"&{key}={value}" for key, value in ids)  # nothing in it to escape
        return Address(f"{SITE}/service/{page.view or name}?lang={edition}{query}", page.kind, edition, name)
    query = f"?{parts.query}" if parts.query else ""
    return Address(f"{SITE}{path}{query}", "other" if page.id else page.kind, edition, name)


def site_url(name: str, edition: str, **values: object) -> str:
    """The address on the canonical host of a page of an edition.

    Args:
        name: as in `urls` of `site.toml`.
        edition: the letter of `lang=`.
        values: what is in braces there, such as `number=83685`; an empty category is all news.
    """
    quoted = {key: quote_plus(str(value)) for key, value in values.items()}
    return SITE + str(FACTS["urls"][name]).format(lang=edition, **quoted).removesuffix("&id=")


def is_numbered(list_url: str) -> bool:
    """Whether the pages of a list may be requested by number, without a link to them."""
    address = parse_address(list_url)
    return address is not None and address.facts.numbered


def list_page_url(list_url: str, page: int) -> str:
    """The address of another page of the list that begins at `list_url`."""
    return add_or_replace_parameter(list_url, "page", str(page))


def page_of_list(link: str, list_url: str) -> int | None:
    """Which page of the list at `list_url` a link leads to, or None where it leads elsewhere or names no page."""
    address, start = parse_address(link), parse_address(list_url)
    if address is None or start is None or address.page != start.page:
        return None
    values, wanted = (_parameters(urlsplit(found.url).query) for found in (address, start))
    if any(values.get(key, value) != value for key, value in wanted.items() if key != "page"):
        return None
    number = values.get("page", "")
    return int(number) if re.fullmatch(r"[0-9]{1,7}", number, re.ASCII) else None


def absolute(base: str, link: str) -> str:
    """The web address that a link on the page at `base` leads to; empty where it is none."""
    link = link.strip()
    try:
        url = link if link.startswith(("https://", "http://")) else urljoin(base, link)
        return url if link and urlsplit(url).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def _parameters(query: str) -> dict[str, str]:
    """The parameters of a query by lower-case name; the first value that is not empty counts.

    Links of the site carry raw `&`, now and then `&&` (saved page), and copies of them `&amp;`.
    """
    values: dict[str, str] = {}
    for key, value in parse_qsl(query.replace("&amp;", "&")):
        values.setdefault(key.lower(), value.strip())
    return values
