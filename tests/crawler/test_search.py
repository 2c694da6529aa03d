"""kbsworld search, as a person calls it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from extractors import Article, extract_html
from extractors.address import site_url
from extractors.dates import KST
from storage import ArticleStore, Capture
from tests.crawler.conftest import Run
from tests.crawler.prepared import CHECKOUT

SUMMIT = Article(
    url=site_url("news", "f", number=83685),
    kind="news",
    lang="fr",
    title="Séoul et Tokyo préparent un sommet",
    category="Politique",
    written_at=datetime(2026, 11, 2, 10, 59, 55, tzinfo=KST),
    paragraphs=("Le sommet est fixé au 20 novembre, et il se tiendra à Busan.",),
    layout="news",
)
HOSTILE = replace(
    SUMMIT,
    url=site_url("news", "f", number=83686),
    timestamp=None,
    title="Busan \x1b[2J\x1b]0;pris\x07 \x02 " + "a" * 100_000,
    category="\x1b[31mCulture",
    written_at=date(2026, 11, 3),
    paragraphs=("b" * 100_000 + " Busan.",),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with ArticleStore(tmp_path / "kbs.db") as store, store.batch():
        for article in (SUMMIT, HOSTILE):
            store.add(article, Capture(url=article.url, fetched_at=datetime(2026, 11, 5, tzinfo=UTC), body=b""))
    return tmp_path / "kbs.db"


def on_terminal(path: Path, *arguments: str, **environment: str) -> str:
    """What `kbsworld search` writes to a terminal of sixty columns."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "search", *arguments],
        cwd=CHECKOUT,
        env=os.environ | {"KBS_DB": str(path), "COLUMNS": "60", "TERM": "xterm"} | environment,
        stdout=its,
    )
    os.close(its)
    written = b""
    try:
        while part := os.read(ours, 65536):
            written += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return written.decode().replace("\r\n", "\n")


def test_in_a_pipe_hits_are_plain_lines(path: Path, scrapy: Run) -> None:
    run = scrapy("search", "SOMMET", "seoul", KBS_DB=str(path))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [
        "2026-11-02 10:59 KST · Politique",
        "Séoul et Tokyo préparent un sommet",
        "Le sommet est fixé au 20 novembre, et il se tiendra à Busan.",
        "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=83685",
        "",
    ]


def test_on_a_terminal_found_words_are_highlighted(path: Path) -> None:
    written = on_terminal(path, "sommet")
    assert "\x1b[1;33msommet\x1b[0m" in written
    assert "novembre, et il se tiendra à\n    Busan.\n" in written
    assert "\x1b" not in on_terminal(path, "sommet", NO_COLOR="1")


def test_json_is_a_line_a_hit(path: Path, scrapy: Run) -> None:
    run = scrapy("search", "--format", "json", "sommet", KBS_DB=str(path))
    [hit] = map(json.loads, run.stdout.splitlines())
    assert (hit["title"], hit["written_at"]) == (SUMMIT.title, "2026-11-02T10:59:55+09:00")


def test_no_control_character_of_an_article_is_printed(path: Path, scrapy: Run) -> None:
    plain = scrapy("search", "busan", "--since", "2026-11-03", KBS_DB=str(path)).stdout
    assert "\x1b" not in plain
    assert "\x07" not in plain
    assert len(plain) < 3000
    assert "\x1b[2J" not in on_terminal(path, "busan", "--since", "2026-11-03")


def test_nothing_found_is_status_1_as_with_grep(path: Path, scrapy: Run) -> None:
    run = scrapy("search", "pingouin", KBS_DB=str(path))
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("No article is found for pingouin; try fewer words")
    run = scrapy("search", "busan", "--lang", "en", KBS_DB=str(path))
    assert run.stderr.startswith("No article is found for busan among those that the options select; try fewer words")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["(sommet"], "A bracket is not closed"),
        (["sommet", "--limit", "no"], "--limit=no is not valid; it must be a number of hits, from 1."),
        ([], "Give the words to look for"),
    ],
)
def test_a_wrong_query_is_a_sentence_and_status_2(path: Path, scrapy: Run, arguments: list[str], sentence: str) -> None:
    run = scrapy("search", *arguments, KBS_DB=str(path))
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(sentence)
    assert len(run.stderr.splitlines()) == 1


def test_words_that_begin_with_a_hyphen_follow_two(path: Path, scrapy: Run) -> None:
    assert scrapy("search", "--limit", "1", "--", "-sommet", KBS_DB=str(path)).stdout.count("Séoul et Tokyo") == 1


def test_the_readmes_search_prints_what_it_shows(tmp_path: Path, scrapy: Run) -> None:
    files = (CHECKOUT / folder / "README.md" for folder in ("", "storage"))
    readmes = "\n".join(file.read_text("utf-8") for file in files if file.exists())
    [(query, output)] = re.findall(
        r"^\$ (?:scrapy|kbsworld) search '(.+)'\n(.*?)^```", readmes, re.DOTALL | re.MULTILINE
    )
    page = (CHECKOUT / "seeds/news_vod_view_83685.reconstruction.html").read_bytes()
    with ArticleStore(tmp_path / "kbs.db") as store:
        capture = Capture(url=SUMMIT.url, fetched_at=datetime(2026, 11, 5, tzinfo=UTC), body=page)
        store.add(extract_html(page, SUMMIT.url), capture)
    assert scrapy("search", query).stdout.rstrip() == output.rstrip()
