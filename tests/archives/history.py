"""What the archives of the test world hold: captures of the replica's articles over three years, each with its truth.

Between two rounds of captures some articles are updated (a new date) and some are edited silently (no new date). Their
pages are then captured under all addresses that articles have: both schemes, both hosts, the video view, parameters in
another order or beside those that count.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from extractors import Article
from tests.replica import pages
from tests.replica.bodies import revised
from tests.replica.moved import rename
from tests.replica.world import Entry, Listing, World

WAYBACK = "wayback"
#: The crawls of the stand-in for Common Crawl, oldest first, and when each one began.
CRAWLS = {
    "CC-MAIN-2024-10": datetime(2024, 3, 5, 4, 0, tzinfo=UTC),
    "CC-MAIN-2025-33": datetime(2025, 8, 12, 21, 30, tzinfo=UTC),
    "CC-MAIN-2026-47": datetime(2026, 11, 21, 2, 15, tzinfo=UTC),
}
#: Moments at which the Wayback Machine took its captures: before, between and after the crawls.
_VISITS = [
    datetime(2023, 9, 1, 12, 0, tzinfo=UTC),
    datetime(2024, 6, 2, 7, 20, tzinfo=UTC),
    datetime(2025, 3, 30, 23, 50, tzinfo=UTC),
    datetime(2026, 2, 14, 10, 0, tzinfo=UTC),
    # Half an hour before and after the last crawl, with no change between: the same bytes in both archives.
    datetime(2026, 11, 21, 1, 45, tzinfo=UTC),
    datetime(2026, 11, 21, 2, 45, tzinfo=UTC),
]
# Before these the site changes.
_CHANGES = {*_VISITS[:5], *list(CRAWLS.values())[:2]}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One capture in an archive.

    Attributes:
        archive: WAYBACK or one of CRAWLS.
        moment: when it was captured, to the second; UTC.
        address: as the site was asked.
        body: the payload as stored; with gzip as its Content-Encoding if `packed`.
        truth: the article that its page shows; None if its address is no article's, or the page shows none.
        refused: whether its address is a French article's, and its page shows none.
    """

    archive: str
    moment: datetime
    address: str
    body: bytes = field(repr=False)
    truth: Article | None = None
    status: int = 200
    mime: str = "text/html"
    packed: bool = False
    refused: bool = False

    @property
    def timestamp(self) -> str:
        """The moment with 14 digits, as archives write it."""
        return f"{self.moment:%Y%m%d%H%M%S}"


def history(world: World) -> list[Seen]:
    """The captures of a world, in the order of time; they change the world, and leave it newer than the last one."""
    random = Random(f"archives {world.seed}")
    rounds = sorted([*((moment, WAYBACK) for moment in _VISITS), *((moment, name) for name, moment in CRAWLS.items())])
    seen: list[Seen] = []
    for moment, archive in rounds:
        if moment in _CHANGES:
            _change(world, moment - timedelta(days=3), random)
        seen += _round(world, archive, moment, random)
    # The Internet Archive keeps copies of Common Crawl's captures: the same address and moment in both.
    copied = [one for one in seen if one.archive == "CC-MAIN-2025-33" and one.truth]
    seen += [replace(one, archive=WAYBACK) for one in copied[::4]]
    _change(world, moment + timedelta(hours=3), random)  # seen by a crawl of the site alone
    return sorted(seen, key=lambda one: (one.moment, one.address))


def _change(world: World, moment: datetime, random: Random) -> None:
    """Update some articles that exist, and edit some silently."""
    known = [entry for entry in world.entries if entry.written_at < moment - timedelta(days=1)]
    for entry in random.sample(known, len(known) // 2):
        body = revised(entry.body, random)
        paragraphs = tuple(block.line for block in body)
        truth = replace(entry.truth, paragraphs=paragraphs)
        if random.random() < 0.5:
            korean = moment.astimezone(entry.written_at.tzinfo)
            truth = replace(truth, updated_at=korean + timedelta(seconds=random.randint(0, 9999)), timestamp=None)
        changed = replace(entry, body=body, truth=truth)
        listing = [changed if one.seq == entry.seq else one for one in world.entries]
        world._listings["news"] = Listing(listing)


def _round(world: World, archive: str, moment: datetime, random: Random) -> Iterator[Seen]:
    """The captures of one round, some seconds apart."""
    for number, (address, body, truth) in enumerate(_articles(world, moment, random)):
        packed = archive == WAYBACK and random.random() < 0.3
        yield Seen(
            archive=archive,
            moment=moment + timedelta(seconds=9 * number),
            address=address,
            body=gzip.compress(body, mtime=0) if packed else body,
            truth=truth,
            packed=packed,
            refused=truth is None,
        )
    later = moment + timedelta(minutes=20)
    for number, one in enumerate(_others(world, archive)):
        yield replace(one, moment=later + timedelta(seconds=number))


def _articles(world: World, moment: datetime, random: Random) -> Iterator[tuple[str, bytes, Article | None]]:
    known = [entry for entry in world.entries if entry.written_at < moment]
    for entry in known:
        for name in random.sample(list(_FORMS), random.choice([0, 1, 1, 2])):
            address = _address(entry, name)
            is_video = name == "video"
            truth = entry.video_truth if is_video else entry.truth
            yield address, pages.news_page(world, entry, "video" if is_video else "news"), truth
    dated = [entry for entry in world.features[:4] if entry.truth.written_at < moment.date()]  # type: ignore[operator]
    # A page without a date, which says the same each time.
    undated = next(entry for entry in world.programmes if entry.truth.written_at is None)
    for entry in [*dated, *([undated] if moment > _VISITS[3] else [])]:
        yield entry.truth.url, pages.entry_page(world, entry), entry.truth
    oldest = known[-1]
    if moment == _VISITS[0]:
        # A template of long ago, under an address of its own.
        entry = replace(
            oldest, seq=1000, truth=replace(oldest.truth, url=oldest.truth.url.replace(str(oldest.seq), "1000"))
        )
        page = rename(pages.entry_page(world, entry), Random(3), {"body_txt"})
        yield entry.truth.url, page, replace(entry.truth, layout="generic")
    yield oldest.truth.url.replace(str(oldest.seq), f"{moment:%y%m}"), pages.missing_page(world), None


_FORMS = {
    "plain": "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={}",
    "http": "http://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={}",
    "other host": "https://rki.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code={}",
    "other host, http": "http://rki.kbs.co.kr/service/news_view.htm?Seq_Code={}&lang=f",
    "from a list": "http://world.kbs.co.kr:80/service/news_view.htm?lang=f&Seq_Code={}&id=Po&page=3",
    "video": "https://world.kbs.co.kr/service/news_vod_view.htm?lang=f&menu_cate=videonews&id=In&Seq_Code={}",
}


def _address(entry: Entry, form: str) -> str:
    return _FORMS[form].format(entry.seq)


def _others(world: World, archive: str) -> Iterator[Seen]:
    """What archives hold besides: lists, pictures, another edition, answers that are no page."""
    site, entry = "https://world.kbs.co.kr", world.entries[-1]
    page = pages.news_page(world, entry)
    one = Seen(archive=archive, moment=_VISITS[0], address="", body=b"")
    yield replace(one, address=f"{site}/service/news_list.htm?lang=f", body=page)
    yield replace(one, address=f"{site}/service/news_view.htm?lang=e&Seq_Code={entry.seq}", body=page)
    yield replace(one, address=f"{site}/service/img/kbs.png", body=b"\x89PNG\r\n", mime="image/png")
    yield replace(one, address=f"{entry.truth.url}99", body=b"<h1>Not Found</h1>", status=404)
    yield replace(one, address=entry.truth.url.replace("https:", "http:"), body=b"", status=301)
