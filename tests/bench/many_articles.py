"""A large database for tests and benchmarks: invented articles of fifteen years, without their pages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

from extractors import Article
from extractors.address import site_url
from extractors.article import KST
from storage import ArticleStore, Capture
from tests.replica import french

#: The words of the replica's lists, and two more; the most frequent first.
CATEGORIES = ("Politique", "International", "Intercoréen", "Société", "Culture", "Economie", "Sport")
_WEIGHTS = (30, 22, 16, 14, 8, 6, 4)
_FIRST_DAY = datetime(2011, 11, 24, 6, tzinfo=KST)
_PERIOD = timedelta(days=365.25 * 15)
_FIRST_SEQ = 1_000
_BATCH = 1_000
# Sentences are made once and used again: making new ones takes longer than storing them.
_SENTENCES = 4_000
_SURNAMES = tuple("Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang Ahn Song Ryu Hong".split())
_SYLLABLES = tuple("ji min seo yeon jun ho hyun woo jin soo kyung hee young mi eun sang tae dong hae won".split())


def fill(path: Path, count: int) -> int:
    """Fill a new database with `count` articles, the same ones each time; returns the number of their versions.

    About one in twelve has two versions or three.
    """
    stored = 0
    with ArticleStore(path) as store:
        articles = _articles(count)
        while batch := list(islice(articles, _BATCH)):
            with store.batch():
                for version in batch:
                    store.add(version, _capture(version))
            stored += len(batch)
    return stored


def _articles(count: int) -> Iterator[Article]:
    """All versions of one article after the other."""
    random = Random(count)
    sentences = [french.sentence(random) for _ in range(_SENTENCES)]
    for number in range(count):
        written_at = (_FIRST_DAY + number * (_PERIOD / count)).replace(microsecond=0)
        article = _article(random, sentences, number, written_at)
        yield article
        # One in 48 was updated twice, one in twelve of the others once.
        for updates in range(2 if random.randrange(48) == 0 else random.randrange(12) == 0):
            updated_at = written_at + timedelta(hours=2 * updates + 1)
            paragraphs = (*article.paragraphs, random.choice(french.QUOTES))
            yield replace(article, timestamp=None, updated_at=updated_at, paragraphs=paragraphs)


def _article(random: Random, sentences: list[str], number: int, written_at: datetime) -> Article:
    """A text of one to three kilobytes."""
    picked = iter(random.choices(sentences, k=18))
    paragraphs = [" ".join(islice(picked, random.randint(2, 3))) for _ in range(random.randint(3, 6))]
    paragraphs[-1] += f" {_name(random)} s’est dit confiant."
    return Article(
        url=site_url("news", "f", number=_FIRST_SEQ + number),
        kind="news",
        lang="fr",
        title=french.headline(random),
        category=random.choices(CATEGORIES, _WEIGHTS)[0],
        written_at=written_at,
        paragraphs=tuple(paragraphs),
        layout="news",
    )


def _name(random: Random) -> str:
    """A person; some names occur once in a database."""
    given = "-".join(random.choices(_SYLLABLES, k=2 + (random.random() < 0.3)))
    return f"{random.choice(_SURNAMES)} {given.capitalize()}"


def _capture(version: Article) -> Capture:
    assert version.timestamp is not None
    fetched_at = datetime.fromisoformat(version.timestamp).astimezone(UTC) + timedelta(minutes=10)
    return Capture(url=version.url, fetched_at=fetched_at, body=b"")
