"""A large database, quickly: so many articles of fifteen years, stored as a crawl stores them, without their pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

from extractors import Article
from extractors.address import news_url
from extractors.dates import KST
from storage import ArticleStore, Capture
from storage.articles import article_row
from storage.versions import Row
from tests.replica import french

#: The words of the replica's lists, and two more; the first ones are the commonest.
CATEGORIES = ("Politique", "International", "Intercoréen", "Société", "Culture", "Economie", "Sport")
_WEIGHTS = (30, 22, 16, 14, 8, 6, 4)
FIRST_DAY = datetime(2011, 11, 24, 6, tzinfo=KST)
YEARS = 15
_FIRST_SEQ = 1_000

# One article in so many was changed once, and one in so many of those twice.
_UPDATED, _UPDATED_TWICE = 12, 4
_BATCH = 1_000
# Sentences that are made once and met again: to make each of them anew takes longer than to store it.
_SENTENCES = 4_000
_SURNAMES = tuple("Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang Ahn Song Ryu Hong".split())
_SYLLABLES = tuple("ji min seo yeon jun ho hyun woo jin soo kyung hee young mi eun sang tae dong hae won".split())


def fill(path: Path, count: int, progress: Callable[[int], object] | None = None) -> int:
    """Fill a database with so many different articles, the same ones each time.

    Args:
        path: of the database; what is there stays.
        count: of articles; about one in twelve has two versions or three.
        progress: called now and then with how many more articles are stored.

    Returns:
        How many versions that are.
    """
    stored = 0
    with ArticleStore(path) as store:
        articles = _many(count)
        while batch := list(islice(articles, _BATCH)):
            rows = [row for versions in batch for row in versions]
            with store.batch():
                stored += len(store.add_rows(rows))
            if progress is not None:
                progress(len(batch))
    return stored


def _many(count: int) -> Iterator[list[Row]]:
    """The versions of one article after the other, as `add_rows` takes them."""
    random = Random(count)
    sentences = [french.sentence(random) for _ in range(_SENTENCES)]
    apart = timedelta(days=365.25 * YEARS) / max(count, 1)
    for number in range(count):
        written_at = (FIRST_DAY + number * apart).replace(microsecond=0)
        article = _article(random, sentences, number, written_at)
        yield [_stored(version) for version in _versions(random, article, written_at)]


def _article(random: Random, sentences: list[str], number: int, written_at: datetime) -> Article:
    """A text of one to three kilobytes."""
    picked = iter(random.choices(sentences, k=18))
    paragraphs = [" ".join(islice(picked, random.randint(2, 3))) for _ in range(random.randint(3, 6))]
    paragraphs[-1] += f" {_name(random)} s’est dit confiant."
    return Article(
        url=news_url("f", _FIRST_SEQ + number),
        kind="news",
        lang="fr",
        title=french.headline(random),
        category=random.choices(CATEGORIES, _WEIGHTS)[0],
        written_at=written_at,
        paragraphs=tuple(paragraphs),
        layout="news",
    )


def _versions(random: Random, article: Article, written_at: datetime) -> Iterator[Article]:
    yield article
    for after in range(2 if random.randrange(_UPDATED * _UPDATED_TWICE) == 0 else random.randrange(_UPDATED) == 0):
        updated_at = written_at + timedelta(hours=2 * after + 1)
        added = (*article.paragraphs, random.choice(french.QUOTES))
        yield replace(article, timestamp=None, updated_at=updated_at, paragraphs=added)


def _name(random: Random) -> str:
    """A person of whom there is rarely another: some names are met once in a database."""
    given = "-".join(random.choices(_SYLLABLES, k=2 + (random.random() < 0.3)))
    return f"{random.choice(_SURNAMES)} {given.capitalize()}"


def _stored(article: Article) -> Row:
    assert article.timestamp is not None
    fetched_at = datetime.fromisoformat(article.timestamp).astimezone(UTC) + timedelta(minutes=10)
    capture = Capture(url=article.url, fetched_at=fetched_at, body=b"")
    return article_row(article, capture)
