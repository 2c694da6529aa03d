"""KBS World addresses: what a url names, and its one canonical form. The only place that knows query parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from w3lib.url import add_or_replace_parameter

#: Where canonical urls live. Both hosts serve the same pages under the same ids (seed, saved page, three scrapers).
SITE = "https://world.kbs.co.kr"
HOSTS = frozenset({"world.kbs.co.kr", "rki.kbs.co.kr"})

#: `lang=` letter -> ISO 639-1 code (saved page: the header's eleven language links).
EDITIONS = {
    "a": "ar",
    "c": "zh",
    "e": "en",
    "f": "fr",
    "g": "de",
    "i": "id",
    "j": "ja",
    "k": "ko",
    "r": "ru",
    "s": "es",
    "v": "vi",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One kind of page under /service/.

    Attributes:
        kind: `news`, `feature`, `programme` for pages that hold one article; `list` for pages that point to them.
        id: the parameters that name the article within its edition; empty for lists.
        view: the page its canonical url names; itself where empty.
        video: whether the page shows its article behind a player.
        numbered: whether a list was seen to take `page=`; of the others, only pages that it links to are asked for.
    """

    kind: str
    id: tuple[str, ...] = ()
    view: str = ""
    video: bool = False
    numbered: bool = False


#: README.md, "Addresses": each was seen on the saved page or used by an independent scraper.
PAGES = {
    "news_view.htm": Page("news", ("Seq_Code",)),
    "news_vod_view.htm": Page("news", ("Seq_Code",), view="news_view.htm", video=True),
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

#: `menu_cate=` of the feature lists (saved page: the menu). There may be more.
MENUS = (
    *("culture", "lifestyle", "business", "people", "northkorea"),
    *("enternews", "artist", "moviedrama", "tvguide", "learnkorean"),
)
#: `procode=` of programmes whose playlist was seen (one scraper). There are more.
PROGRAMMES = ("parkofd",)
#: Feeds under /rss/ (six independent scrapers).
FEEDS = {"news": "rss_news.htm", "enternews": "rss_enternews.htm"}

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
        """The page to ask for: `url`, but the video view where the address was one."""
        if not self.is_video:
            return self.url
        # As the seed's address has it; the rest of its parameters is how one got there.
        plain = f"/{PAGES[self.page].view}?lang={self.edition}"
        return self.url.replace(plain, f"/{self.page}?lang={self.edition}&menu_cate=videonews")

    @property
    def is_video(self) -> bool:
        """Whether this is the video view of its article."""
        return self.page in PAGES and PAGES[self.page].video

    @property
    def is_article(self) -> bool:
        """Whether the page holds one article, by its address."""
        return self.kind in {"news", "feature", "programme"}


def parse_address(url: str) -> Address | None:
    """What `url` names, or None when it is no address of KBS World (another host, another scheme, not a url).

    Host (either of the two), scheme, port, order of parameters, empty, doubled and unknown parameters, and the
    fragment are how one got there, not what the page is: they leave no trace in the canonical url. Of a parameter
    given twice the first value that is not empty counts.
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
    page = PAGES.get(name)
    if page is not None and page.id and edition is not None:
        ids = [(key, values.get(key.lower(), "")) for key in page.id]
        if all(_ID.match(value) for _, value in ids):
            query = "&".join(f"{key}={value}" for key, value in [("lang", edition), *ids])  # nothing in it to escape
            return Address(f"{SITE}/service/{page.view or name}?{query}", page.kind, edition, name)
    kind = "list" if page is not None and page.kind == "list" else "other"
    query = f"?{parts.query}" if parts.query else ""
    return Address(f"{SITE}{path}{query}", kind, edition, name)


def service_url(page: str, /, **parameters: str) -> str:
    """The address of a page under /service/ on the canonical host; parameters in the order given, no empty ones."""
    return f"{SITE}/service/{page}?{urlencode({key: value for key, value in parameters.items() if value})}"


def news_list_url(edition: str, category: str = "", page: int = 1) -> str:
    """The address of one page of the news list, newest first.

    Args:
        edition: the letter of `lang=`.
        category: the value of `id=` (`Po`, `IK`, …); empty for all news.
        page: from 1.
    """
    return service_url("news_list.htm", lang=edition, id=category, page=str(page) if page > 1 else "")


def day_url(edition: str, day: date) -> str:
    """The address of one day's news."""
    return service_url("news_today.htm", lang=edition, date=day.isoformat())


def news_url(edition: str, number: int) -> str:
    """The canonical address of a news article by its `Seq_Code`."""
    return service_url("news_view.htm", lang=edition, Seq_Code=str(number))


def video_list_url(edition: str) -> str:
    """The address of the list of video news."""
    return service_url("news_vod_list.htm", lang=edition, menu_cate="videonews")


def feature_list_url(edition: str, menu: str) -> str:
    """The address of a feature list; `menu` as in MENUS."""
    return service_url("contents_list.htm", lang=edition, menu_cate=menu)


def playlist_url(edition: str, programme: str) -> str:
    """The address of a programme's playlist; `programme` as in PROGRAMMES."""
    return service_url(
        "program_playlist_list.htm", page="1", lang=edition, procode=programme, bbs=f"{programme}_playlist"
    )


def search_url(edition: str, keyword: str) -> str:
    """The address of the search for a word in news. What `search_date` and `kubun` mean is not known: as seen."""
    return service_url("search.htm", page="1", lang=edition, search_date="5", keyword=keyword, kubun="n")


def feed_url(edition: str, feed: str, category: str = "") -> str:
    """The address of an RSS feed; `feed` as in FEEDS, `category` as in `news_list_url`."""
    return f"{SITE}/rss/{FEEDS[feed]}?{urlencode({'lang': edition} | ({'id': category} if category else {}))}"


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
