"""What the replica serves: articles made by a seeded generator, each with the truth that extraction must find."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random

from extractors import Article
from extractors.address import EDITIONS, SITE
from extractors.dates import KST
from tests.replica import french
from tests.replica.bodies import new_body, revised
from tests.replica.clock import pause, seconds, spread
from tests.replica.markup import STYLES, Block

#: `id=` of the news list -> the word on the page. The letters are the site's (SITE), the words the replica's.
CATEGORIES = {
    "Po": "Politique",
    "In": "International",
    "IK": "Intercoréen",
    "Dm": "Société",
    "Cu": "Culture",
}
#: `menu_cate=` of the feature lists (SITE). The word on the page is the replica's: the menu's name, capitalised.
MENUS = (
    *("culture", "lifestyle", "business", "people", "northkorea"),
    *("enternews", "artist", "moviedrama", "tvguide", "learnkorean"),
)
#: The one programme, `procode=`, and its board, `bbs=`.
PROGRAMME = "parkofd"
BOARD = "parkofd_playlist"
#: What a world holds -> the number before its oldest one.
NUMBERS = {"news": 90_000, "features": 440_000, "programmes": 44_000, "infographics": 7_000}
#: Kind of an article that can change -> the listing it stands in.
_LISTING_OF = {"news": "news", "feature": "features", "programme": "programmes"}
NEWEST = datetime(2026, 11, 20, 18, 0, 0, tzinfo=KST)
PAGE_SIZE = 10
CREDITS = ("YONHAP News", "KBS News", "Getty Images Bank", "KBS")


@dataclass(frozen=True)
class Entry:
    """One article of the replica.

    Attributes:
        seq: the number in its address: Seq_Code, board_seq or no.
        category_id: the `id=` or `menu_cate=` of its list.
        body: its blocks, in order.
        style: the markup of its body, one of markup.STYLES.
        truth: what extraction must make of its page; of the news view, where there are two. `source_url` None.
    """

    seq: int
    category_id: str
    body: tuple[Block, ...]
    style: str
    truth: Article

    @property
    def written_at(self) -> datetime:
        """When it was written; every generated news has a time."""
        assert isinstance(self.truth.written_at, datetime)
        return self.truth.written_at

    @property
    def video_truth(self) -> Article:
        """What extraction must make of its video view."""
        return replace(self.truth, has_video=True, layout="video")

    @property
    def video_url(self) -> str:
        """The address of its video view."""
        return self.truth.url.replace("news_view.htm", "news_vod_view.htm")

    @property
    def summary(self) -> str:
        """The first words of the body, cut as on the site's cards."""
        return self.truth.text.replace("\n\n", " ")[:170] + " ..."


class Listing:
    """Articles of one sort, newest first, and what is looked up among them.

    Never changed once made: a world that changes gets a new one, so that a page is drawn from one state of it.
    """

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    @cached_property
    def by_seq(self) -> dict[int, Entry]:
        """Each by its number."""
        return {entry.seq: entry for entry in self.entries}

    @cached_property
    def by_category(self) -> dict[str, list[Entry]]:
        """Those of each category, newest first; all of them under the empty one."""
        found = defaultdict(list, {"": self.entries})
        for entry in self.entries:
            found[entry.category_id].append(entry)
        return dict(found)

    @cached_property
    def by_day(self) -> dict[date, list[Entry]]:
        """News of each day, in KST."""
        found = defaultdict(list)
        for entry in self.entries:
            found[entry.written_at.date()].append(entry)
        return dict(found)

    @cached_property
    def with_video(self) -> list[Entry]:
        """News in the list of videos: a quarter of them, by their number."""
        return [entry for entry in self.entries if entry.seq % 4 == 0]

    def titled(self, word: str) -> list[Entry]:
        """Those whose title contains the word, in capitals or not."""
        word = word.casefold()
        return [entry for title, entry in self._titles if word in title]

    @cached_property
    def _titles(self) -> list[tuple[str, Entry]]:
        return [((entry.truth.title or "").casefold(), entry) for entry in self.entries]


class World:
    """The articles of one edition, newest first; the same for the same seed, on every machine.

    It can change while it is served, by `publish` and `update`. Lists taken from it earlier stay as they were.
    """

    def __init__(self, articles: int = 40, seed: int = 1, edition: str = "f", days: int | None = None) -> None:
        """A world of that many news, features, programmes and infographics.

        Args:
            articles: how many of each.
            seed: of the generator.
            edition: the letter of `lang=`.
            days: how many days up to NEWEST the news are spread over; without it, one every hour or two.

        Raises:
            ValueError: there are more articles than seconds in the days.
        """
        if days is not None and articles >= seconds(days):
            raise ValueError(f"{articles} articles do not fit into {days} days")
        self.articles = articles
        self.seed = seed
        self.edition = edition
        self.days = days
        self._listings: dict[str, Listing] = {}
        self._lock = threading.RLock()

    def listing(self, of: str) -> Listing:
        """The present state of one of NUMBERS."""
        with self._lock:
            if of not in self._listings:
                self._listings[of] = Listing(list(self._generate(of)))
            return self._listings[of]

    @property
    def entries(self) -> list[Entry]:
        """All news, newest first."""
        return self.listing("news").entries

    @property
    def videos(self) -> list[Entry]:
        """The news that also stand in the list of videos, newest first."""
        return self.listing("news").with_video

    @property
    def features(self) -> list[Entry]:
        """Features, newest first: dated by the day, captions after a ©."""
        return self.listing("features").entries

    @property
    def programmes(self) -> list[Entry]:
        """Pages of a programme's board; some without a date."""
        return self.listing("programmes").entries

    @property
    def infographics(self) -> list[Entry]:
        """Pictures with a title, half of them without a word."""
        return self.listing("infographics").entries

    @property
    def by_seq(self) -> dict[int, Entry]:
        """The news by Seq_Code."""
        return self.listing("news").by_seq

    def listed(self, category_id: str = "", page: int = 1) -> list[Entry]:
        """One page of the news list."""
        entries = self.listing("news").by_category.get(category_id, [])
        return entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]

    def written_on(self, day: date) -> list[Entry]:
        """The articles of one day, in KST."""
        return self.listing("news").by_day.get(day, [])

    def publish(self, count: int, of: str = "news") -> list[Entry]:
        """That many new articles before all others: `news`, `features` or `programmes`. Returns them, newest first."""
        if of not in _LISTING_OF.values():
            raise ValueError(f"{of} are not published; {', '.join(_LISTING_OF.values())} are")
        with self._lock:
            entries = self.listing(of).entries.copy()
            for _ in range(count):
                entries.insert(0, self._next(of, entries))
            self._listings[of] = Listing(entries)
            return entries[:count]

    def update(self, entry: Entry) -> Entry:
        """A new version of the article: changed later than the present one, another paragraph, the same place.

        Args:
            entry: any version of it.

        Raises:
            ValueError: it has no date, so that no version of it can be later.
            KeyError: it is none of this world.
        """
        of = _LISTING_OF.get(entry.truth.kind)
        if of is None or entry.truth.written_at is None:
            raise ValueError(f"{entry.truth.url} cannot be updated")
        with self._lock:
            listing = self.listing(of)
            present = listing.by_seq[entry.seq]
            version = _next_version(present, Random(f"{self.seed} {present.truth.url} {present.truth.timestamp}"))
            self._listings[of] = Listing([version if other.seq == entry.seq else other for other in listing.entries])
            return version

    def _generate(self, of: str) -> Iterator[Entry]:
        """The articles the world begins with."""
        numbers = range(NUMBERS[of] + self.articles, NUMBERS[of], -1)
        if of == "news":
            yield from self._generate_news(numbers)
            return
        random = Random(f"{self.seed} {self.edition} {of}")
        for i, seq in enumerate(numbers):
            day = NEWEST.date() - timedelta(days=i)
            if of == "infographics":
                yield self._infographic(random, seq, i)
            else:
                yield self._dated_by_day(of)(random, seq, day)

    def _generate_news(self, numbers: range) -> Iterator[Entry]:
        random = Random(f"{self.seed} {self.edition}")
        if self.days is not None:
            times = spread(NEWEST, self.articles, self.days, Random(f"{self.seed} {self.edition} days"))
            for seq, written_at in zip(numbers, times, strict=True):
                yield self._news(random, seq, written_at)
            return
        written_at = NEWEST
        for seq in numbers:
            yield self._news(random, seq, written_at)
            written_at -= pause(random)

    def _next(self, of: str, entries: list[Entry]) -> Entry:
        """An article after the newest of `entries`."""
        seq = entries[0].seq + 1 if entries else NUMBERS[of] + 1
        random = Random(f"{self.seed} {self.edition} {of} {seq}")
        if of == "news":
            return self._news(random, seq, entries[0].written_at + pause(random) if entries else NEWEST)
        days = (entry.truth.written_at for entry in entries if entry.truth.written_at is not None)
        day = max(days, default=NEWEST.date() - timedelta(days=1)) + timedelta(days=1)
        return self._dated_by_day(of)(random, seq, day)

    def _dated_by_day(self, of: str) -> Callable[[Random, int, date], Entry]:
        return self._feature if of == "features" else self._programme

    def _news(self, random: Random, seq: int, written_at: datetime) -> Entry:
        category_id = random.choice(list(CATEGORIES))
        style = random.choices(STYLES, weights=[6, 1, 1, 2])[0]
        updated_at = written_at + timedelta(minutes=random.randint(1, 300)) if random.random() < 0.3 else None
        picture = random.random() < 0.8
        address = f"news_view.htm?lang={self.edition}&Seq_Code={seq}"
        return self._entry(
            random, seq, category_id, style, address, kind="news", layout="news", category=CATEGORIES[category_id],
            written_at=written_at, updated_at=updated_at,
            image_url=f"https://worldimg.kbs.co.kr/src/images/news/{seq}.jpg" if picture else None,
            image_credit=random.choice(CREDITS) if picture else None,
        )  # fmt: skip

    def _feature(self, random: Random, seq: int, day: date) -> Entry:
        menu = MENUS[seq % len(MENUS)]
        return self._entry(
            random, seq, menu, random.choice(STYLES[2:]), f"contents_view.htm?lang={self.edition}&board_seq={seq}",
            kind="feature", layout="feature", category=menu.capitalize(), written_at=day,
            image_url=f"https://worldimg.kbs.co.kr/contents_upload/{seq}.jpg", image_credit=random.choice(CREDITS),
        )  # fmt: skip

    def _programme(self, random: Random, seq: int, day: date) -> Entry:
        address = f"program_playlist_view.htm?lang={self.edition}&procode={PROGRAMME}&bbs={BOARD}&no={seq}"
        return self._entry(
            random, seq, PROGRAMME, "paragraphs", address, kind="programme", layout="programme",
            written_at=day if random.random() < 0.7 else None,
        )  # fmt: skip

    def _infographic(self, random: Random, seq: int, i: int) -> Entry:
        # No address of an infographic is known (SITE): this one is the replica's own.
        address = f"news_graphic_view.htm?lang={self.edition}&Seq_Code={seq}"
        entry = self._entry(
            random, seq, "infographics", "paragraphs", address, kind="other", layout="infographic",
            written_at=NEWEST - timedelta(days=i),
            image_url=f"https://worldimg.kbs.co.kr/graphic/{seq}.png", image_credit="KBS",
        )  # fmt: skip
        return entry if i % 2 else replace(entry, body=(), truth=replace(entry.truth, paragraphs=()))

    def _entry(self, random: Random, seq: int, category_id: str, style: str, address: str, **fields: object) -> Entry:
        body = new_body(random, style)
        # The editor's bodies may carry a player of their own, which the page shows before the text.
        has_video = style in {"paragraphs", "editor"} and random.random() < 0.1
        truth = Article(
            has_video=has_video,
            url=f"{SITE}/service/{address}",
            lang=EDITIONS[self.edition],
            title=french.headline(random),
            paragraphs=tuple(block.line for block in body),
            **fields,  # type: ignore[arg-type]
        )
        return Entry(seq, category_id, body, style, truth)


def _next_version(entry: Entry, random: Random) -> Entry:
    """A later version: by hours where the article is dated by a moment, by days where by a day."""
    truth = entry.truth
    present = truth.updated_at or truth.written_at
    assert present is not None
    if isinstance(present, datetime):
        updated_at: date = present + timedelta(hours=random.randint(1, 9), seconds=random.randint(0, 3599))
    else:
        updated_at = present + timedelta(days=random.randint(1, 3))
    body = revised(entry.body, random)
    paragraphs = tuple(block.line for block in body)
    # Without a timestamp of its own the article takes that of its new date.
    return replace(entry, body=body, truth=replace(truth, updated_at=updated_at, paragraphs=paragraphs, timestamp=None))
