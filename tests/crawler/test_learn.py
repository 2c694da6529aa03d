"""kbsworld learn, end to end: crawl, redesign, crawl, learn, crawl, reextract; and the witness in a crawl."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler.arguments import ArgumentError, own_layouts
from extractors import Article
from extractors.layout import NEWEST, Layout
from extractors.learn import write_entry
from storage import ArticleStore, CrawlState
from tests.crawler.conftest import Run
from tests.crawler.scripted import change_pages, stored
from tests.replica import Replica
from tests.replica.moved import move_paragraph
from tests.replica.redesigned import Redesign
from tests.rows import article


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replica]:
    with Replica(articles=25) as site:
        monkeypatch.setenv("KBS_BASE_URL", site.base_url)
        yield site


def in_order(articles: Iterable[Article]) -> list[Article]:
    return sorted(articles, key=lambda article: article.url)


def test_the_whole_way(crawl: Run, scrapy: Run, site: Replica, tmp_path: Path) -> None:
    assert crawl("kbs_news").returncode == 0
    change = Redesign(18)  # after it structure alone reads every page, and wrongly
    change_pages(site, "news_view", lambda _, page: change(page))
    site.world.publish(22)
    changed = crawl("kbs_news")
    assert changed.returncode == 3
    command = re.search(r"kbsworld crawl (kbs_articles -a known=20); kbsworld (learn --write)", changed.stderr)
    assert command
    assert crawl(*command[1].split()).returncode == 3
    learned = scrapy(*command[2].split())
    assert learned.returncode == 0, learned.stderr
    assert learned.stdout == (tmp_path / "layouts.toml").read_text().rstrip("\n") + "\n"
    assert "read off 10 pages, and checked on 10 others; different: 0; changed since: 0" in learned.stderr
    newest = {entry.truth.url for entry in site.world.publish(22)}
    after = crawl("kbs_news")
    assert (after.returncode, "unhealthy" in after.stderr) == (0, False)
    assert {article.layout for article in stored(tmp_path) if article.url in newest} == {"news"}
    assert scrapy("reextract").returncode == 0
    assert in_order(stored(tmp_path)) == in_order(entry.truth for entry in site.world.entries)


def test_where_every_page_is_refused_the_run_says_what_to_do(
    crawl: Run, scrapy: Run, site: Replica, tmp_path: Path
) -> None:
    crawl("kbs_news")
    change = Redesign(9)
    change_pages(site, "news_view", lambda _, page: change(page))
    refused = crawl("kbs_articles", "-a", "known=20")
    assert refused.returncode == 3
    assert "20 of 20 pages hold no article" in refused.stderr
    assert "kbsworld learn --write" in refused.stderr
    learned = scrapy("learn", f"{tmp_path}/archive", KBS_ARCHIVE="")  # as any other archive
    assert (learned.returncode, learned.stdout[:12]) == (0, "[[articles]]")
    assert "read off 10 pages, and checked on 10 others" in learned.stderr
    assert not (tmp_path / "layouts.toml").exists()


def test_without_known_articles_it_is_less_sure_and_writes_nothing(
    crawl: Run, scrapy: Run, site: Replica, tmp_path: Path
) -> None:
    change = Redesign(5)
    change_pages(site, "news_view", lambda _, page: change(page))
    crawl("kbs_news")
    learned = scrapy("learn", "--write")
    assert learned.returncode == 3
    assert learned.stdout.startswith("[[articles]]")
    assert "as structure alone reads them" in learned.stderr
    assert "Not sure, so nothing is written" in learned.stderr
    assert f"put it into {tmp_path / 'layouts.toml'} yourself" in learned.stderr
    assert not (tmp_path / "layouts.toml").exists()
    run = crawl("kbs_articles", "-a", "known=20")
    assert (run.returncode, "no stored article was read by a layout, so none is known" in run.stderr) == (1, True)


ENTRY = write_entry({name: NEWEST[name] for name in Layout._fields})


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"[[articles]",
        b"[articles]\nhead = 1",
        b"articles = [1]",
        b"[[articles]]\nhead = 'div'",
        b"a = " + b"[" * 50_000,
        ENTRY.replace('title = "', 'title = "[[').encode(),
        ENTRY.replace('credit = "', 'credit = 3\nx = "').encode(),
        ENTRY.replace('cut = "', f'cut = "{"a " * 2_000}').encode(),
        b"#" * 200_000,
        f"{ENTRY}#{'x' * 1_000_000}".encode(),
    ],
)
def test_a_layouts_file_that_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "layouts.toml"
    file.write_bytes(content)
    with pytest.raises(ArgumentError, match=r"The layouts in \S+ cannot be used: .+ Correct the file, or remove it\."):
        own_layouts(Settings({"KBS_DB": f"{tmp_path}/kbs.db", "KBS_LAYOUTS": ""}))
    with pytest.raises(ArgumentError):
        own_layouts(Settings({"KBS_DB": "kbs.db", "KBS_LAYOUTS": str(tmp_path)}))


def test_no_command_begins_with_such_a_file(crawl: Run, site: Replica, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[[articles]]\nhead = 1")
    refused = crawl("kbs_news", KBS_LAYOUTS=f"{tmp_path}/mine.toml")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"The layouts in {tmp_path}/mine.toml cannot be used: ")
    assert site.requests == []


def test_a_paragraph_that_moved_on_one_page_in_ten_is_reported(crawl: Run, site: Replica, tmp_path: Path) -> None:
    def moved(target: str, page: bytes) -> bytes:
        return move_paragraph(page, '<div class="title_area') if target.endswith(("0", "5")) else page

    change_pages(site, "news_view", moved)
    crawled = crawl("kbs_news", KBS_WITNESS="1")
    assert crawled.returncode == 3
    assert {article.layout for article in stored(tmp_path)} == {"news"}
    assert re.search(r"unhealthy: \d of 25 articles differ in prose from what trafilatura reads on", crawled.stderr)


def test_updated_articles_are_among_those_that_are_fetched_again(tmp_path: Path) -> None:
    with ArticleStore(tmp_path / "kbs.db") as store, store.batch():
        times = {number: f"2026-11-{number:02}T08:00:00+09:00" for number in range(1, 21)}
        updated = {number: time if number < 6 else None for number, time in times.items()}
        rows = (article(number, timestamp=times[number], updated_at=updated[number]) for number in times)
        store.db.table("articles").insert_all(rows)
        found = [int(url.rpartition("=")[2]) for url in CrawlState(store).known_articles(14)]
    assert sorted(found) == [*range(1, 6), *range(12, 21)]
