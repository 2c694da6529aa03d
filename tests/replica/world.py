"""What the replica serves: articles made by a seeded generator, each with the truth that extraction must find."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random

from extractors import Article
from extractors.address import EDITIONS, SITE
from extractors.dates import KST
from tests.replica import french
from tests.replica.markup import STYLES, Block

#: `id=` of the news list -> the word on the page. The letters are the site's (SITE), the words the replica's.
CATEGORIES = {
    "Po": "Politique",
    "In": "International",
    "IK": "Intercoréen",
    "Dm": "Société",
    "Cu": "Culture",
}
NEWEST = datetime(2026, 11, 20, 18, 0, 0, tzinfo=KST)
PAGE_SIZE = 10
CREDITS = ("YONHAP News", "KBS News", "Getty Images Bank", "KBS")

#: Words of the boilerplate, as an article may use them: they must stay.
BORROWED = (
    ("Contenus recommandés",),
    ("Photo : le cliché a fait le tour du monde.",),
    ("Close", "Go Top, répète-t-on ici."),
    ("Notre site utilise des cookies, a reconnu l’éditeur.",),
    ("Le communiqué est daté du 2019-05-04 12:00:00.",),
)


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


class World:
    """The articles of one edition, newest first; the same for the same seed, on every machine."""

    def __init__(self, articles: int = 40, seed: int = 1, edition: str = "f") -> None:
        self.articles = articles
        self.seed = seed
        self.edition = edition

    @cached_property
    def entries(self) -> list[Entry]:
        """All news, newest first."""
        random = Random(f"{self.seed} {self.edition}")
        entries = []
        written_at = NEWEST
        for i in range(self.articles):
            entries.append(self._news(random, 90_000 + self.articles - i, written_at))
            written_at -= timedelta(minutes=random.randint(9, 150), seconds=random.randint(1, 59))
        return entries

    @cached_property
    def features(self) -> list[Entry]:
        """Features, newest first: dated by the day, captions after a ©."""
        random = Random(f"{self.seed} {self.edition} features")
        return [self._feature(random, 440_000 + self.articles - i, i) for i in range(self.articles)]

    @cached_property
    def programmes(self) -> list[Entry]:
        """Pages of a programme's board; some without a date."""
        random = Random(f"{self.seed} {self.edition} programmes")
        return [self._programme(random, 44_000 + self.articles - i, i) for i in range(self.articles)]

    @cached_property
    def infographics(self) -> list[Entry]:
        """Pictures with a title, half of them without a word."""
        random = Random(f"{self.seed} {self.edition} infographics")
        return [self._infographic(random, 7_000 + self.articles - i, i) for i in range(self.articles)]

    @cached_property
    def by_seq(self) -> dict[int, Entry]:
        """The news by Seq_Code."""
        return {entry.seq: entry for entry in self.entries}

    def listed(self, category_id: str = "", page: int = 1) -> list[Entry]:
        """One page of the news list."""
        entries = [entry for entry in self.entries if category_id in {"", entry.category_id}]
        return entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]

    def written_on(self, day: date) -> list[Entry]:
        """The articles of one day, in KST."""
        return [entry for entry in self.entries if entry.written_at.date() == day]

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

    def _feature(self, random: Random, seq: int, i: int) -> Entry:
        return self._entry(
            random, seq, "culture", random.choice(STYLES[2:]), f"contents_view.htm?lang={self.edition}&board_seq={seq}",
            kind="feature", layout="feature", category="Culture", written_at=NEWEST.date() - timedelta(days=i),
            image_url=f"https://worldimg.kbs.co.kr/contents_upload/{seq}.jpg", image_credit=random.choice(CREDITS),
        )  # fmt: skip

    def _programme(self, random: Random, seq: int, i: int) -> Entry:
        address = f"program_playlist_view.htm?lang={self.edition}&procode=parkofd&bbs=parkofd_playlist&no={seq}"
        return self._entry(
            random, seq, "parkofd", "paragraphs", address, kind="programme", layout="programme",
            written_at=NEWEST.date() - timedelta(days=i) if random.random() < 0.7 else None,
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
        body = _body(random, style)
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


def _body(random: Random, style: str) -> tuple[Block, ...]:
    """Short articles are where general extractors fail: a fifth has one paragraph, most four to six, some up to 14."""
    length = random.choices([1, random.randint(4, 6), random.randint(9, 14)], weights=[2, 6, 2])[0]
    blocks = [Block("p", tuple(french.paragraph(random))) for _ in range(length)]
    if length > 1 and random.random() < 0.2:
        blocks[random.randrange(1, length)] = Block("p", random.choice(BORROWED))
    if length > 4 and style in {"paragraphs", "editor"} and random.random() < 0.5:
        at = random.randrange(1, length - 1)
        blocks[at : at + 1] = _rich(random)
    return tuple(blocks)


def _rich(random: Random) -> list[Block]:
    """What the editor can do besides paragraphs."""
    tag = random.choice(["li", "tr", "blockquote", "h3"])
    if tag == "tr":
        return [
            Block("tr", (f"Année {year}", f"{random.randint(10, 99)},{random.randint(1, 9)} %"))
            for year in (2024, 2025)
        ]
    return [Block(tag, (french.sentence(random),)) for _ in range(3 if tag == "li" else 1)]
