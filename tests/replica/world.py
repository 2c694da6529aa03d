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
COMMENTS = ("Key word", "/ Key word", "banner", "2023 renewal")


@dataclass(frozen=True)
class Entry:
    """One article of the replica.

    Attributes:
        seq: its Seq_Code.
        category_id: the `id=` of its list.
        sentences: the body by paragraph and sentence.
        truth: what extraction must make of its news view; `source_url` None.
    """

    seq: int
    category_id: str
    sentences: tuple[tuple[str, ...], ...]
    truth: Article

    @property
    def written_at(self) -> datetime:
        """When it was written; every generated article has a time."""
        assert isinstance(self.truth.written_at, datetime)
        return self.truth.written_at

    @property
    def video_truth(self) -> Article:
        """What extraction must make of its video view."""
        return replace(self.truth, has_video=True)

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
        """All articles, newest first."""
        random = Random(f"{self.seed} {self.edition}")
        entries = []
        written_at = NEWEST
        for i in range(self.articles):
            entries.append(self._entry(random, 90_000 + self.articles - i, written_at))
            written_at -= timedelta(minutes=random.randint(9, 150), seconds=random.randint(1, 59))
        return entries

    @cached_property
    def by_seq(self) -> dict[int, Entry]:
        """The articles by Seq_Code."""
        return {entry.seq: entry for entry in self.entries}

    def listed(self, category_id: str = "", page: int = 1) -> list[Entry]:
        """One page of the news list."""
        entries = [entry for entry in self.entries if category_id in {"", entry.category_id}]
        return entries[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]

    def written_on(self, day: date) -> list[Entry]:
        """The articles of one day, in KST."""
        return [entry for entry in self.entries if entry.written_at.date() == day]

    def _entry(self, random: Random, seq: int, written_at: datetime) -> Entry:
        category_id = random.choice(list(CATEGORIES))
        # Short articles are where general extractors fail: a fifth of them have one paragraph.
        length = random.choices([1, random.randint(4, 6), random.randint(9, 14)], weights=[2, 6, 2])[0]
        sentences = tuple(tuple(french.paragraph(random)) for _ in range(length))
        updated_at = written_at + timedelta(minutes=random.randint(1, 300)) if random.random() < 0.3 else None
        picture = random.random() < 0.8
        truth = Article(
            url=f"{SITE}/service/news_view.htm?lang={self.edition}&Seq_Code={seq}",
            kind="news",
            lang=EDITIONS[self.edition],
            title=french.headline(random),
            category=CATEGORIES[category_id],
            written_at=written_at,
            updated_at=updated_at,
            paragraphs=tuple(" ".join(paragraph) for paragraph in sentences),
            image_url=f"https://worldimg.kbs.co.kr/src/images/news/{seq}.jpg" if picture else None,
            image_credit=random.choice(CREDITS) if picture else None,
            layout="news",
        )
        return Entry(seq, category_id, sentences, truth)
