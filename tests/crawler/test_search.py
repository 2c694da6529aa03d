"""kbsworld search, as a person calls it."""

import csv
import io
import json
import re
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from scrapy.settings import Settings

from crawler.commands.search import Command
from extractors import extract_html
from extractors.address import site_url
from storage import ArticleStore, Capture
from tests.crawler.conftest import Run
from tests.crawler.prepared import CHECKOUT
from tests.rows import article

TITLE = "Séoul et Tokyo préparent un sommet"
URL = site_url("news", "f", number=83685)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    text, time = "Le sommet est fixé au 20 novembre, et il se tiendra à Busan.", "2026-11-02T10:59:55+09:00"
    title = "Busan \x1b[2J\x1b]0;pris\x07 \x02 " + "a" * 100_000
    long = {"text": "b" * 100_000 + " Busan.", "category": "\x1b[31mCulture", "written_at": "2026-11-03"}
    rows = [
        article(83685, title=TITLE, category="Politique", timestamp=time, written_at=time, text=text),
        article(83686, title=title, **long),
    ]
    with ArticleStore(tmp_path / "kbs.db") as store, store.batch():
        store.db.table("articles").insert_all(rows)
    return tmp_path / "kbs.db"


def on_terminal(path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `kbsworld search` writes to a terminal."""
    command, parser = Command(), ArgumentParser()
    command.settings = Settings({"KBS_DB": str(path)})
    command.add_options(parser)
    opts, words = parser.parse_known_args(arguments)
    with patch("sys.stdout.isatty", return_value=True):
        command.work(words, opts)
    return capsys.readouterr().out


def test_in_a_pipe_hits_are_plain_lines(path: Path, scrapy: Run) -> None:
    run = scrapy("search", "SOMMET", "seoul", KBS_DB=str(path))
    assert (run.returncode, run.stderr) == (0, "1 article found.\n")
    assert run.stdout.splitlines() == [
        "2026-11-02 10:59 KST · Politique",
        "Séoul et Tokyo préparent un sommet",
        "Le sommet est fixé au 20 novembre, et il se tiendra à Busan.",
        "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=83685",
        "",
    ]


def test_on_a_terminal_found_words_are_highlighted(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b[1;33msommet\x1b[0m" in on_terminal(path, capsys, "sommet")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in on_terminal(path, capsys, "sommet")


def test_json_is_a_line_a_hit(path: Path, scrapy: Run) -> None:
    run = scrapy("search", "--format", "json", "sommet", KBS_DB=str(path))
    [hit] = map(json.loads, run.stdout.splitlines())
    assert (hit["title"], hit["written_at"]) == (TITLE, "2026-11-02T10:59:55+09:00")


def test_no_control_character_of_an_article_is_printed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = on_terminal(path, capsys, "busan", "--since", "2026-11-03")
    assert not re.search("[\x00-\x09\x0b-\x1f]", re.sub("\x1b\\[(1;33|0)m", "", written))
    assert len(written) < 3000


def test_nothing_found_is_status_1_as_with_grep(path: Path, scrapy: Run) -> None:
    run = scrapy("search", "pingouin", KBS_DB=str(path))
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("No article is found for pingouin; try fewer words")


def test_a_word_with_a_hyphen_is_left_out(path: Path, scrapy: Run) -> None:
    found = [scrapy("search", "--", *words, KBS_DB=str(path)).stdout for words in (["busan"], ["busan", "-sommet"])]
    assert ["Séoul et Tokyo" in output for output in found] == [True, False]


def test_all_hits_are_counted_and_come_in_the_order_that_is_asked_for(path: Path, scrapy: Run) -> None:
    for order, first in (("date", "2026-11-02"), ("newest", "2026-11-03"), ("rank", "2026-11-03")):
        run = scrapy("search", "busan", "--order", order, "--limit", "1", "--format", "csv", KBS_DB=str(path))
        [hit] = csv.DictReader(io.StringIO(run.stdout))
        assert hit["written_at"].startswith(first)
        assert run.stderr == "2 articles found. Shown: 1; --limit N shows more.\n"
    with ArticleStore(path) as store, store.batch():  # a silent edit, which search does not show
        edit = {"title": "Un sommet", "fetched_at": "2026-11-28T00:00:00.000000+00:00"}
        assert store.add_row(next(store.db.table("articles").rows) | edit) == "edited"
    run = scrapy("search", "busan", "--order", "newest", "--all-versions", KBS_DB=str(path))
    assert run.stderr == "2 articles found.\n"


def test_the_readmes_search_prints_what_it_shows(tmp_path: Path, scrapy: Run) -> None:
    files = (CHECKOUT / folder / "README.md" for folder in ("", "storage"))
    readmes = "\n".join(file.read_text("utf-8") for file in files if file.exists())
    [(query, output)] = re.findall(
        r"^\$ (?:scrapy|kbsworld) search '(.+)'\n(.*?)^```", readmes, re.DOTALL | re.MULTILINE
    )
    page = (CHECKOUT / "seeds/news_vod_view_83685.reconstruction.html").read_bytes()
    with ArticleStore(tmp_path / "kbs.db") as store:
        capture = Capture(url=URL, fetched_at=datetime(2026, 11, 5, tzinfo=UTC), body=page)
        store.add(extract_html(page, URL), capture)
    assert scrapy("search", query).stdout.rstrip() == output.rstrip()
