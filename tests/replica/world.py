"""What the replica serves: articles from a seeded generator, each with the truth that extraction must find."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from random import Random

from extractors import Article
from extractors.address import EDITIONS, SITE
from extractors.article import KST

from . import french
from .bodies import new_body, revised
from .markup import STYLES, Block

#: `id=` of the news list -> the word on the page. The letters are the site's, the words the replica's.
CATEGORIES = {"Po": "Politique", "In": "International", "IK": "Intercoréen", "Dm": "Société", "Cu": "Culture"}
#: `menu_cate=` of the feature lists, from the site. The word on the page is the replica's: the name, capitalised.
MENUS = (
    *("culture", "lifestyle", "business", "people", "northkorea"),
    *("enternews", "artist", "moviedrama", "tvguide", "learnkorean"),
)
#: The one programme, `procode=`, and its board, `bbs=`.
PROGRAMME = "parkofd"
BOARD = "parkofd_playlist"
#: What a world contains -> the number before its oldest one.
NUMBERS = {"news": 90_000, "features": 440_000, "programmes": 44_000, "infographics": 7_000}
#: Kind of an article that can change -> what it is listed as.
_LISTED_AS = {"news": "news", "feature": "features", "programme": "programmes"}
NEWEST = datetime(2026, 11, 20, 18, 0, 0, tzinfo=KST)
PAGE_SIZE = 10
CREDITS = ("YONHAP News", "KBS News", "Getty Images Bank", "KBS")


@dataclass(frozen=True)
class Entry:
    """One article of the replica.

    Attributes:
        seq: the number in its address: Seq_Code, board_seq or no.
        category_id: the `id=` or `menu_cate=` of its list.
        style: the markup of its body, one of markup.STYLES.
        truth: what extraction must find on its page; on the news view if there are two. `source_url` is None.
    """

    seq: int
    category_id: str
    body: tuple[Block, ...]
    style: str
    truth: Article

    @property
    def written_at(self) -> datetime:
        assert isinstance(self.truth.written_at, datetime)
        return self.truth.written_at

    @property
    def video_truth(self) -> Article:
        return replace(self.truth, has_video=True, layout="video")

    @property
    def video_url(self) -> str:
        return self.truth.url.replace("news_view.htm", "news_vod_view.htm")

    @property
    def summary(self) -> str:
        """The first words of the body, cut as on the site's lists."""
        return self.truth.text.replace("\n\n", " ")[:170] + " ..."


class Listing:
    """Articles of one sort, newest first. A world that changes gets a new one, so that a page shows one state of it."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    @cached_property
    def by_seq(self) -> dict[int, Entry]:
        return {entry.seq: entry for entry in self.entries}

    @cached_property
    def by_category(self) -> dict[str, list[Entry]]:
        """Those of each category, newest first; all of them under the empty one."""
        found = {"": self.entries}
        for entry in self.entries:
            found.setdefault(entry.category_id, []).append(entry)
        return found


class World:
    """The articles of one edition, newest first; the same for the same seed, on every machine.

    It can change while it is served, by `publish` and `update`.
    """

    def __init__(self, articles: int = 40, seed: int = 1, edition: str = "f", days: int | None = None) -> None:
        """A world with that many news, features, programmes and infographics.

        Args:
            articles: how many of each.
            seed: of the generator.
            edition: the letter of `lang=`.
            days: how many days up to NEWEST the news are spread over; by default there is one every hour or two.
        """
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
        return self.listing("news").entries

    @property
    def videos(self) -> list[Entry]:
        """The news that are also in the list of videos: a quarter of them, by their number."""
        return [entry for entry in self.entries if entry.seq % 4 == 0]

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

    def listed(self, category_id: str = "", page: int = 1) -> list[Entry]:
        """The entries of one page of the news list."""
        entries = self.listing("news").by_category.get(category_id, [])
        return entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]

    def written_on(self, day: date) -> list[Entry]:
        """The news of one day, in KST."""
        return [entry for entry in self.entries if entry.written_at.date() == day]

    def titled(self, word: str) -> list[Entry]:
        """The news whose title contains the word; case is ignored."""
        return [entry for entry in self.entries if word.casefold() in str(entry.truth.title).casefold()]

    def publish(self, count: int, of: str = "news") -> list[Entry]:
        """Add that many `news`, `features` or `programmes`, newer than all others; returns them, newest first."""
        with self._lock:
            entries = self.listing(of).entries.copy()
            for _ in range(count):
                entries.insert(0, self._next(of, entries))
            self._listings[of] = Listing(entries)
            return entries[:count]

    def update(self, entry: Entry) -> Entry:
        """Replace an article with a date by a new version, which it returns: a later date, another paragraph.

        Args:
            entry: any version of it.
        """
        of = _LISTED_AS[entry.truth.kind]
        with self._lock:
            listing = self.listing(of)
            present = listing.by_seq[entry.seq]
            version = _next_version(present, Random(f"{self.seed} {present.truth.url} {present.truth.timestamp}"))
            self._listings[of] = Listing([version if other.seq == entry.seq else other for other in listing.entries])
            return version

    def edit(self, entry: Entry) -> Entry:
        """Replace an article silently by one with another paragraph and the same dates, which it returns.

        Args:
            entry: any version of it.
        """
        of = _LISTED_AS[entry.truth.kind]
        with self._lock:
            listing = self.listing(of)
            present = listing.by_seq[entry.seq]
            body = revised(present.body, Random(f"{self.seed} {present.truth.url} {present.truth.text}"))
            truth = replace(present.truth, paragraphs=tuple(block.line for block in body))
            edited = replace(present, body=body, truth=truth)
            self._listings[of] = Listing([edited if other.seq == entry.seq else other for other in listing.entries])
            return edited

    def _generate(self, of: str) -> Iterator[Entry]:
        random = Random(f"{self.seed} {self.edition}" + ("" if of == "news" else f" {of}"))
        numbers = range(NUMBERS[of] + self.articles, NUMBERS[of], -1)
        if of != "news":
            for i, seq in enumerate(numbers):
                yield self._dated_by_day(of, random, seq, NEWEST - timedelta(days=i))
        elif self.days is not None:
            for seq, written_at in zip(numbers, self._spread(self.days), strict=False):
                yield self._news(random, seq, written_at)
        else:
            written_at = NEWEST
            for seq in numbers:
                yield self._news(random, seq, written_at)
                written_at -= _pause(random)

    def _spread(self, days: int) -> list[datetime]:
        """Moments from NEWEST back, no two the same, the oldest just under that many days before."""
        random = Random(f"{self.seed} {self.edition} days")
        pauses = list(accumulate((random.expovariate(1) for _ in range(self.articles - 1)), initial=0.0))
        # Each moment is a second further back than its share, so that no two are the same.
        scale = (days * 86_400 - self.articles) / (pauses[-1] or 1)
        return [NEWEST - timedelta(seconds=i + int(before * scale)) for i, before in enumerate(pauses)]

    def _next(self, of: str, entries: list[Entry]) -> Entry:
        seq = entries[0].seq + 1 if entries else NUMBERS[of] + 1
        random = Random(f"{self.seed} {self.edition} {of} {seq}")
        if of == "news":
            return self._news(random, seq, entries[0].written_at + _pause(random) if entries else NEWEST)
        days = (entry.truth.written_at for entry in entries if entry.truth.written_at is not None)
        day = max(days, default=NEWEST.date() - timedelta(days=1)) + timedelta(days=1)
        return self._dated_by_day(of, random, seq, datetime.combine(day, NEWEST.timetz()))

    def _news(self, random: Random, seq: int, written_at: datetime) -> Entry:
        category_id = random.choice(list(CATEGORIES))
        style = random.choices(STYLES, weights=[6, 1, 1, 2, 0])[0]
        updated_at = written_at + timedelta(minutes=random.randint(1, 300)) if random.random() < 0.3 else None
        picture = random.random() < 0.8
        address = f"news_view.htm?lang={self.edition}&Seq_Code={seq}"
        return self._entry(
            random, seq, category_id, style, address, kind="news", layout="news", category=CATEGORIES[category_id],
            written_at=written_at, updated_at=updated_at,
            image_url=f"https://worldimg.kbs.co.kr/src/images/news/{seq}.jpg" if picture else None,
            image_credit=random.choice(CREDITS) if picture else None,
        )  # fmt: skip

    def _dated_by_day(self, of: str, random: Random, seq: int, moment: datetime) -> Entry:
        if of == "features":
            menu = MENUS[seq % len(MENUS)]
            return self._entry(
                random, seq, menu, random.choice(STYLES[2:]), f"contents_view.htm?lang={self.edition}&board_seq={seq}",
                kind="feature", layout="feature", category=menu.capitalize(), written_at=moment.date(),
                image_url=f"https://worldimg.kbs.co.kr/contents_upload/{seq}.jpg", image_credit=random.choice(CREDITS),
            )  # fmt: skip
        if of == "programmes":
            address = f"program_playlist_view.htm?lang={self.edition}&procode={PROGRAMME}&bbs={BOARD}&no={seq}"
            written_at = moment.date() if random.random() < 0.7 else None
            return self._entry(
                random, seq, PROGRAMME, "paragraphs", address, kind="programme", layout="programme",
                written_at=written_at,
            )  # fmt: skip
        # The site's addresses of infographics are not known: this one is the replica's own.
        entry = self._entry(
            random, seq, "infographics", "paragraphs", f"news_graphic_view.htm?lang={self.edition}&Seq_Code={seq}",
            kind="other", layout="infographic", written_at=moment,
            image_url=f"https://worldimg.kbs.co.kr/graphic/{seq}.png", image_credit="KBS",
        )  # fmt: skip
        has_words = (NUMBERS[of] + self.articles - seq) % 2
        return entry if has_words else replace(entry, body=(), truth=replace(entry.truth, paragraphs=()))

    def _entry(self, random: Random, seq: int, category_id: str, style: str, address: str, **fields: object) -> Entry:
        body = new_body(random, style)
        # The editor's bodies may contain a player of their own, which the page shows before the text.
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


def _pause(random: Random) -> timedelta:
    return timedelta(minutes=random.randint(9, 150), seconds=random.randint(1, 59))


def _next_version(entry: Entry, random: Random) -> Entry:
    """A later version: by hours if the article is dated by a moment, by days if by a day."""
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
