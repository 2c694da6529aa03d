"""kbsworld learn, end to end: crawl, redesign, crawl, learn, crawl, reextract; and the witness in a crawl."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from extractors import Article
from tests.crawler.conftest import Run
from tests.crawler.scripted import change_pages, rows, stored
from tests.extractors.test_learn import ENTRY
from tests.replica import Replica, World
from tests.replica.moved import move_paragraph
from tests.replica.redesigned import Redesign


@pytest.fixture
def site() -> Iterator[Replica]:
    with Replica(articles=30) as site:
        yield site


@pytest.fixture
def run(scrapy: Run, crawl: Run, site: Replica) -> Run:
    """`kbsworld …` on the replica."""

    def call(command: str, *arguments: str, **environment: str) -> object:
        do = crawl if command == "crawl" else scrapy
        given = arguments if command == "crawl" else (command, *arguments)
        return do(*given, KBS_BASE_URL=site.base_url, **environment)

    return call  # type: ignore[return-value]


def redesign(site: Replica, seed: int) -> None:
    change = Redesign(seed)
    change_pages(site, "news_view", lambda _, page: change(page))


def in_order(articles: Iterable[Article]) -> list[Article]:
    return sorted(articles, key=lambda article: article.url)


def truths(world: World) -> list[Article]:
    return in_order(entry.truth for entry in world.entries)


@pytest.mark.parametrize(
    "seed",  # structure alone reads all; refuses all; reads all wrongly
    [pytest.param(5, marks=pytest.mark.slow), 9, pytest.param(18, marks=pytest.mark.slow)],
)
def test_the_whole_way(run: Run, site: Replica, tmp_path: Path, seed: int) -> None:
    assert run("crawl", "kbs_news").returncode == 0
    redesign(site, seed)
    site.world.publish(22)
    changed = run("crawl", "kbs_news")
    assert changed.returncode == 3
    command = re.search(r"kbsworld crawl (kbs_articles -a known=20); kbsworld (learn --write)", changed.stderr)
    assert command
    assert command[0] in run("doctor", "--quick").stdout
    run("crawl", *command[1].split())
    learned = run(*command[2].split())
    assert learned.returncode == 0, learned.stderr
    assert learned.stdout == (tmp_path / "layouts.toml").read_text().rstrip("\n") + "\n"
    assert "read off 10 pages, and checked on 10 others; different: 0" in learned.stderr
    newest = {entry.truth.url for entry in site.world.publish(22)}
    after = run("crawl", "kbs_news")
    assert (after.returncode, "unhealthy" in after.stderr) == (0, False)
    assert {article.layout for article in stored(tmp_path) if article.url in newest} == {"news"}
    before = rows(tmp_path)
    shown = run("reextract", "--dry-run")
    assert shown.returncode == 0
    assert rows(tmp_path) == before
    assert run("reextract").returncode == 0
    assert in_order(stored(tmp_path)) == truths(site.world)
    again = run("learn", "--write")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("No page in a new template was found.")


@pytest.mark.slow
def test_captures_of_an_archive_that_is_named_are_learned_from(run: Run, site: Replica, tmp_path: Path) -> None:
    run("crawl", "kbs_news")
    redesign(site, 9)
    elsewhere = {"KBS_DB": f"{tmp_path}/other.db", "KBS_ARCHIVE": f"{tmp_path}/elsewhere"}
    run("crawl", "kbs_news", **elsewhere)
    assert run("learn").returncode == 1
    learned = run("learn", f"{tmp_path}/elsewhere", KBS_ARCHIVE="")  # known from the database alone
    assert learned.returncode == 0, learned.stderr
    assert learned.stdout.startswith("[[articles]]")
    assert not (tmp_path / "layouts.toml").exists()


def test_without_known_articles_it_is_less_sure_and_writes_nothing(run: Run, site: Replica, tmp_path: Path) -> None:
    redesign(site, 5)
    run("crawl", "kbs_news")
    learned = run("learn", "--write")
    assert learned.returncode == 3
    assert learned.stdout.startswith("[[articles]]")
    assert "as structure alone reads them" in learned.stderr
    assert "Not sure, so nothing is written" in learned.stderr
    assert not (tmp_path / "layouts.toml").exists()


def test_with_too_few_known_articles_it_is_not_sure(run: Run, site: Replica, tmp_path: Path) -> None:
    run("crawl", "kbs_news")
    redesign(site, 9)
    run("crawl", "kbs_articles", "-a", "known=6")
    learned = run("learn", "--write")
    assert (learned.returncode, learned.stdout) == (3, "")
    assert not (tmp_path / "layouts.toml").exists()


def test_articles_that_changed_meanwhile_are_counted(run: Run, site: Replica) -> None:
    run("crawl", "kbs_news")
    for entry in site.world.entries[:4]:
        site.world.update(entry)
    redesign(site, 9)
    run("crawl", "kbs_articles", "-a", "known=20")
    learned = run("learn")
    assert learned.returncode == 0, learned.stderr
    assert "different: 0; changed since: 4" in learned.stderr


def test_a_layouts_file_that_cannot_be_used_is_refused_with_a_sentence(run: Run, site: Replica, tmp_path: Path) -> None:
    file = tmp_path / "layouts.toml"
    for content in (b"[[articles]]\nhead = 1", b"\xff", b"[" * 50_000, ENTRY.encode().replace(b"div", b"[[")):
        file.write_bytes(content)
        for call in (["crawl", "kbs_news"], ["reextract", "x"], ["learn", "--write"], ["extract", "x"]):
            refused = run(*call)
            assert (refused.returncode, refused.stdout) == (2, "")
            assert re.fullmatch(
                r"The layouts in \S+ cannot be used: .+ Correct the file, or remove it\.\n", refused.stderr
            )
        assert file.read_bytes() == content
    file.unlink()
    file.mkdir()
    assert run("crawl", "kbs_news").returncode == 2
    assert site.requests == []


def test_kbs_layouts_names_another_file(run: Run, site: Replica, tmp_path: Path) -> None:
    change = Redesign(9)
    change_pages(site, "news_view", lambda _, page: change(page))
    (tmp_path / "mine.toml").write_text(ENTRY)
    assert run("crawl", "kbs_news", KBS_LAYOUTS=f"{tmp_path}/mine.toml").returncode == 0
    assert in_order(stored(tmp_path)) == truths(site.world)


def test_a_paragraph_that_moved_on_one_page_in_ten_is_reported(run: Run, site: Replica, tmp_path: Path) -> None:
    site.world.publish(40)

    def moved(target: str, page: bytes) -> bytes:
        return move_paragraph(page, '<div class="title_area') if target.endswith("0") else page

    assert run("crawl", "kbs_news", KBS_WITNESS="1", KBS_DB=f"{tmp_path}/before.db").returncode == 0
    change_pages(site, "news_view", moved)
    crawled = run("crawl", "kbs_news", KBS_WITNESS="1")
    assert crawled.returncode == 3
    assert {article.layout for article in stored(tmp_path)} == {"news"}
    assert re.search(
        r"unhealthy: \d of 70 articles differ in prose from what trafilatura reads .*? lacks “", crawled.stderr
    )
    assert run("crawl", "kbs_news", KBS_WITNESS="0", KBS_DB=f"{tmp_path}/after.db").returncode == 0
