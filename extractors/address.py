"""KBS World addresses: what a url names, and its one canonical form. The only place that knows query parameters."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote_plus, urlsplit

from w3lib.url import add_or_replace_parameter

#: Where canonical urls live. Both hosts serve the same pages under the same ids (seed, saved page, three scrapers).
SITE = "https://world.kbs.co.kr"
HOSTS = frozenset({"world.kbs.co.kr", "rki.kbs.co.kr"})

#: `lang=` letter -> ISO 639-1 code (saved page: the header's eleven language links).
EDITIONS = dict(pair.split() for pair in "a ar,c zh,e en,f fr,g de,i id,j ja,k ko,r ru,s es,v vi".split(","))


class Page(NamedTuple):
    """One kind of page under /service/: `news`, `feature` and `programme` hold one article, a `list` points to them.

    Attributes:
        id: the parameters that name the article within its edition; empty for lists.
        view: of a video view, the page that its canonical url names.
        numbered: whether a list was seen to take `page=`; of the others, only pages that it links to are requested.
    """

    kind: str
    id: tuple[str, ...] = ()
    view: str = ""
    numbered: bool = False


#: README.md, "Addresses": each was seen on the saved page or used by an independent scraper.
PAGES = {
    "news_view.htm": Page("news", ("Seq_Code",)),
    "news_vod_view.htm": Page("news", ("Seq_Code",), view="news_view.htm"),
    "contents_view.htm": Page("feature", ("board_seq",)),
    "program_playlist_view.htm": Page("programme", ("procode", "bbs", "no")),
    "news_list.htm": Page("list", numbered=True),
    "news_today.htm": Page("list"),
    "news_vod_list.htm": Page("list"),
    "news_graphic_list.htm": Page("list"),
    "contents_list.htm": Page("list"),
    "program_playlist_list.htm": Page("list", numbered=True),
    "search.htm": Page("list", numbered=True),
}

#: What `site_url` builds, by name. What `search_date` and `kubun` mean is not known: as seen.
ADDRESSES = {
    "news": "/service/news_view.htm?lang={lang}&Seq_Code={number}",
    "news list": "/service/news_list.htm?lang={lang}&id={category}",
    "day": "/service/news_today.htm?lang={lang}&date={day}",
    "video list": "/service/news_vod_list.htm?lang={lang}&menu_cate=videonews",
    "feature list": "/service/contents_list.htm?lang={lang}&menu_cate={menu}",
    "playlist": "/service/program_playlist_list.htm?page=1&lang={lang}&procode={programme}&bbs={programme}_playlist",
    "search": "/service/search.htm?page=1&lang={lang}&search_date=5&keyword={keyword}&kubun=n",
    # RSS feeds (six independent scrapers); only that of the news was seen with a category.
    "news feed": "/rss/rss_news.htm?lang={lang}&id={category}",
    "enternews feed": "/rss/rss_enternews.htm?lang={lang}",
}
#: Values of `menu` (saved page: the menu) and of `programme` (one scraper). There may be more.
MENUS = tuple("culture lifestyle business people northkorea enternews artist moviedrama tvguide learnkorean".split())
PROGRAMMES = ("parkofd",)
FEEDS = ("news", "enternews")

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
        return None if self.edition is None else EDITIONS[self.edition]

    @property
    def view_url(self) -> str:
        """The page to ask for: `url`, but the video view where the address was one, written as the seed's is."""
        if not (self.is_video and self.is_article):
            return self.url
        return self.url.replace(f"{PAGES[self.page].view}?", f"{self.page}?").replace("&", "&menu_cate=videonews&", 1)

    @property
    def is_video(self) -> bool:
        """Whether this is the video view of its article."""
        return self.page in PAGES and PAGES[self.page].view != ""

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
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or parts.hostname not in HOSTS:
        return None
    path = re.sub(r"/{2,}", "/", parts.path) or "/"
    values = _parameters(parts.query)
    edition = values.get("lang")
    edition = edition if edition in EDITIONS else None
    name = path.removeprefix("/service/")
    page = PAGES.get(name, Page("other"))
    ids = [(key, values.get(key.lower(), "")) for key in page.id]
    if ids and edition is not None and all(_ID.match(value) for _, value in ids):
        query = "".join(f"&{key}={value}" for key, value in ids)  # nothing in it to escape
        return Address(f"{SITE}/service/{page.view or name}?lang={edition}{query}", page.kind, edition, name)
    query = f"?{parts.query}" if parts.query else ""
    return Address(f"{SITE}{path}{query}", "other" if page.id else page.kind, edition, name)


def site_url(name: str, edition: str, **values: object) -> str:
    """The address on the canonical host of a page of an edition.

    Args:
        name: as in ADDRESSES.
        edition: the letter of `lang=`.
        values: what is in braces there, such as `number=83685`; an empty category is all news.
    """
    quoted = {key: quote_plus(str(value)) for key, value in values.items()}
    return SITE + ADDRESSES[name].format(lang=edition, **quoted).removesuffix("&id=")


def day_url(edition: str, day: date) -> str:
    """The address of one day's news."""
    return site_url("day", edition, day=day)


def is_numbered(list_url: str) -> bool:
    """Whether the pages of a list may be requested by number, without a link to them."""
    address = parse_address(list_url)
    return address is not None and address.page in PAGES and PAGES[address.page].numbered


def list_page_url(list_url: str, page: int) -> str:
    """The address of another page of the list that begins at `list_url`."""
    return add_or_replace_parameter(list_url, "page", str(page))


def page_of_list(link: str, list_url: str) -> int | None:
    """Which page of the list at `list_url` a link leads to, or None where it leads elsewhere or names no page."""
    parts, start = _split(link), _split(list_url)
    if parts is None or start is None or parts.path != start.path:
        return None
    values, wanted = _parameters(parts.query), _parameters(start.query)
    if any(values.get(key, value) != value for key, value in wanted.items() if key != "page"):
        return None
    number = values.get("page", "")
    return int(number) if re.fullmatch(r"[0-9]{1,7}", number, re.ASCII) else None


def _split(url: str) -> SplitResult | None:
    """`url` in parts, or None where it is not one (urllib raises on broken brackets and ports)."""
    if len(url) > MAX_LENGTH:
        return None
    try:
        parts = urlsplit(url.strip())
        parts.port  # noqa: B018  (read for its check: a port that is no number raises here)
    except ValueError:
        return None
    return parts


def _parameters(query: str) -> dict[str, str]:
    """The parameters of a query by lower-case name; the first value that is not empty counts.

    Links of the site carry raw `&`, now and then `&&` (saved page), and copies of them `&amp;`.
    """
    values: dict[str, str] = {}
    for key, value in parse_qsl(query.replace("&amp;", "&")):
        values.setdefault(key.lower(), value.strip())
    return values
