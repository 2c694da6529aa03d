"""The project as a library: the examples of storage/README.md, and what they promise."""

import doctest
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from sqlite3 import OperationalError

import pytest

from extractors import Article
from extractors.address import site_url
from extractors.article import KST
from storage import ArticleStore, Capture, ReadOnlyStore, StoreError

CHECKOUT = Path(__file__).parents[2]
SUMMIT = Article(
    url=site_url("news", "f", number=83685),
    kind="news",
    lang="fr",
    title="Séoul et Tokyo préparent un sommet",
    category="Politique",
    written_at=datetime(2026, 11, 2, 10, 59, 55, tzinfo=KST),
    paragraphs=("Le sommet se tiendra à Busan.",),
    layout="news",
)
UPDATED = replace(
    SUMMIT,
    timestamp=None,
    updated_at=datetime(2026, 11, 2, 12, tzinfo=KST),
    paragraphs=("Le sommet est fixé au 20 novembre.", "Il se tiendra à Busan."),
)
FEATURE = Article(
    url="https://world.kbs.co.kr/service/contents_view.htm?lang=f&board_seq=436045",
    kind="feature",
    lang="fr",
    title="Le cœur de Séoul",
    written_at=date(2026, 11, 3),
    paragraphs=("Une promenade le long du Cheonggyecheon.",),
    layout="feature",
)
ALLIES = replace(
    SUMMIT,
    url=site_url("news", "f", number=83700),
    timestamp=None,
    title="Les États-Unis saluent la Corée",
    category="Société",
    written_at=datetime(2026, 11, 4, 8, 30, tzinfo=KST),
    paragraphs=("Washington salue un accord.",),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "kbs.db"
    with ArticleStore(path) as store, store.batch():
        for article in (SUMMIT, UPDATED, FEATURE, ALLIES):
            store.add(article, capture(article))
    return path


def capture(article: Article) -> Capture:
    hour = 13 if article.updated_at else 12
    return Capture(url=article.url, fetched_at=datetime(2026, 11, 5, hour, tzinfo=UTC), body=b"")


def test_the_examples_of_the_readme_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path.parents[1] / "seeds").symlink_to(CHECKOUT / "seeds")
    monkeypatch.chdir(path.parents[1])
    text = (CHECKOUT / "storage/README.md").read_text("utf-8")
    examples = doctest.DocTestParser().get_doctest(text, {}, "storage/README.md", None, 0)
    output: list[str] = []
    result = doctest.DocTestRunner().run(examples, out=output.append)
    assert result.attempted > 20
    assert not result.failed, "".join(output)


@pytest.mark.parametrize(
    "url",
    [
        SUMMIT.url,
        "http://world.kbs.co.kr/service/news_view.htm?Seq_Code=83685&lang=f&id=Po#top",
        "https://rki.kbs.co.kr/service/news_vod_view.htm?lang=f&menu_cate=videonews&Seq_Code=83685",
    ],
)
def test_any_address_gives_the_newest_version(path: Path, url: str) -> None:
    with ArticleStore(path) as store:
        assert store.get(url) == UPDATED
        assert store.get(site_url("news", "f", number=1)) is store.get("no address") is None


def test_an_article_without_an_address_has_a_urn(path: Path) -> None:
    text = replace(SUMMIT, url="urn:sha256:ab12", layout="text")
    with ArticleStore(path) as store:
        store.add(text, capture(text))
        assert store.get("urn:sha256:ab12") == text


def test_a_reader_sees_what_is_written_meanwhile(path: Path) -> None:
    with ArticleStore(path) as writer, ReadOnlyStore(path) as reader:
        new = replace(ALLIES, url=site_url("news", "f", number=90000), title="Dernière minute")
        with writer.batch():
            writer.add(new, capture(new))
            assert reader.get(new.url) is None
        assert [hit.url for hit in reader.search("derniere")] == [new.url]
        assert len(reader) == 5


def test_writing_to_a_reader_is_refused(path: Path) -> None:
    refused = pytest.raises(StoreError, match=r"is open for reading only; ArticleStore opens it for writing too\.$")
    with ReadOnlyStore(path) as store:
        with refused:
            store.add(SUMMIT, capture(SUMMIT))
        with refused:
            store.refuse(capture(SUMMIT), "HTTP 404")
        with pytest.raises(OperationalError, match="attempt to write a readonly database"):
            store.db.execute("delete from articles")
        assert len(store) == 4
