"""KBS World addresses: what a url names, and its one canonical form. The only place that knows query parameters."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import PurePosixPath
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
_LETTERS = {code: letter for letter, code in EDITIONS.items()}
#: First folder of the old site's paths -> `lang=` letter.
FOLDERS: Mapping[str, str] = FACTS["folders"]
#: Kind of page -> why it holds no article.
REFUSED: Mapping[str, str] = FACTS["refused"]
MENUS: Sequence[str] = FACTS["menus"]
PROGRAMMES: Sequence[str] = FACTS["programmes"]
FEEDS: Sequence[str] = FACTS["feeds"]


class Page(NamedTuple):
    """One kind of page; the comments of `site.toml` explain the fields."""

    kind: str
    layout: str = "generic"
    id: Sequence[str] = ()
    same: str = ""
    wordless: bool = False
    numbered: bool = False


#: By file name under /service/, or by path.
PAGES = {name: Page(**entry) for name, entry in FACTS["pages"].items()}
_OTHER = Page("other")


def _path(name: str) -> str:
    return name if name.startswith("/") else f"/service/{name}"


def _pattern(name: str) -> str:
    """What the paths of an entry of `[pages]` match; links to `.htm` and `.html` mean the same page."""
    path = re.escape(_path(name))
    path = path.replace(r"\{edition\}", f"(?:{'|'.join(FOLDERS)})").replace(r"\*", "[0-9A-Za-z_/-]+")
    return f"{path[:-1]}(?:/.*)?" if path.endswith("/") else re.sub("html?$", "html?/?", path)


_ENTRIES = [(re.compile(_pattern(name)), PurePosixPath(name).suffix, page) for name, page in PAGES.items()]

#: Longer than any address of the site; what is longer is not parsed at all.
MAX_LENGTH = 2083

# A value that names something, and what links have behind it: more parameters, markup, letters not of ASCII, brackets,
# or the punctuation of the sentence around the link. Anything else, such as "1 or 1" or "1.5", is no such value.
_BEHIND = r"[^\w .,'\")\]>-]| +(?:\W|[a-z]+=)"
_VALUE = re.compile(rf"(\w{{1,40}})(?:(?:{_BEHIND}).*|[\])>\"'.,-]*)", re.DOTALL | re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """What an address of the site names.

    Attributes:
        url: canonical: https, `world.kbs.co.kr`, the edition and the article's id alone. For all other pages, the
            address on the canonical host, without its fragment.
        kind: `news`, `feature`, `programme`, `list`, `event`, or `other` for every other page of the site.
        edition: the letter of `lang=`, or None where it is missing or unknown.
        page: the file name, such as `news_vod_view.htm`; outside /service/ the path.
        facts: what is known of pages of this name.
    """

    url: str
    kind: str
    edition: str | None
    page: str
    facts: Page = field(compare=False, repr=False)

    @property
    def lang(self) -> str | None:
        """ISO 639-1 code of the edition, or None."""
        return EDITIONS.get(self.edition or "")

    @property
    def view_url(self) -> str:
        """The page to ask for: `url`, but the video view where the address was one, written as the seed's is."""
        if not (self.is_video and self.is_article):
            return self.url
        return self.url.replace(f"{self.facts.same}?", f"{self.page}?").replace("&", "&menu_cate=videonews&", 1)

    @property
    def is_video(self) -> bool:
        """Whether this is the video view of its article."""
        return self.facts.layout == "video"

    @property
    def is_article(self) -> bool:
        """Whether the page holds one article, by its address."""
        return self.kind in {"news", "feature", "programme"}

    @property
    def refusal(self) -> str | None:
        """Why the page holds no article, by its address; None where it may hold one."""
        return REFUSED.get(self.kind)


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
    name, page = _page_at(path)
    values = _parameters(parts.query)
    folder = FOLDERS.get(path.split("/")[1])
    edition = folder or _edition(values.get("lang", ""))
    ids = [_value(values.get(key.lower(), "")) for key in page.id]
    if ids and edition is not None and all(ids):
        keys = PAGES[page.same].id if page.same else page.id
        named = [*zip(keys, ids, strict=True)] if folder else [("lang", edition), *zip(keys, ids, strict=True)]
        query = "&".join(f"{key}={value}" for key, value in named)  # nothing in it to escape
        return Address(f"{SITE}{_path(page.same or name)}?{query}", page.kind, edition, name, page)
    query = f"?{parts.query}" if parts.query else ""
    return Address(f"{SITE}{path}{query}", "other" if page.id else page.kind, edition, name, page)


def _page_at(path: str) -> tuple[str, Page]:
    """The name of the page at a path, with the suffix of its entry in `[pages]`, and what is known of it."""
    for pattern, suffix, page in _ENTRIES:
        if pattern.fullmatch(path):
            return re.sub(r"\.html?/?\Z", suffix, path).removeprefix("/service/"), page
    return path.removeprefix("/service/"), _OTHER


def _value(text: str) -> str:
    """A parameter's value without what links have behind it; empty where it can name nothing."""
    found = _VALUE.fullmatch(text)
    return found[1] if found else ""


def _edition(lang: str) -> str | None:
    """The letter of the edition that `lang=` means; links of others have it in upper case, or the language's code."""
    lang = _value(lang).lower()
    return lang if lang in EDITIONS else _LETTERS.get(lang)


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
    """The web address that a link on the page at `base` leads to; empty if it leads to no web page, or is too long."""
    link = link.strip()
    if len(link) > MAX_LENGTH:  # many marks on one letter of a host take quadratic time
        return ""
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
