"""kbsworld extract: prints articles, stores nothing."""

import json
from pathlib import Path

import pytest

from tests.crawler.conftest import Run
from tests.crawler.prepared import CHECKOUT
from tests.crawler.test_command import in_shell
from tests.replica.reconstruction import ADDRESS

TEXT = "seeds/000_6ad28e2ce761a03c.txt"
HTML = "seeds/news_vod_view_83685.reconstruction.html"


@pytest.mark.parametrize("name", [TEXT, HTML])
def test_a_seed_prints_its_gold_record_and_stores_nothing(scrapy: Run, seeds: Path, tmp_path: Path, name: str) -> None:
    run = scrapy("extract", name)
    gold = json.loads((seeds / "gold.json").read_text("utf-8"))
    [line] = run.stdout.splitlines()
    article = json.loads(line)
    assert {field: article[field] for field in gold} == gold
    assert (run.returncode, run.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_the_address_can_be_given(scrapy: Run) -> None:
    article = json.loads(scrapy("extract", TEXT, "--url", ADDRESS).stdout)
    assert article["url"] == "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=83685"
    assert article["source_url"] == ADDRESS


def test_text_and_markdown_are_made_for_reading(scrapy: Run) -> None:
    text = scrapy("extract", HTML, "--format", "text").stdout
    assert text.startswith("Washington se déclare prêt")
    assert "\n\nInternational · 2023-09-12 10:59:55+09:00\n\nLes Etats-Unis" in text
    markdown = scrapy("extract", HTML, "--format", "markdown").stdout
    assert markdown.startswith("# Washington se déclare prêt")
    assert markdown.rstrip().endswith("<https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=83685>")


def test_a_folder_and_standard_input_are_read_too(scrapy: Run) -> None:
    assert len(scrapy("extract", "seeds").stdout.splitlines()) == 2
    run = in_shell(CHECKOUT / "none.db", f"kbsworld extract - < {HTML}")
    assert json.loads(run.stdout)["title"].startswith("Washington")


def test_pages_without_article_are_reported_among_others(scrapy: Run, tmp_path: Path) -> None:
    text = (CHECKOUT / TEXT).read_text("utf-8")
    (tmp_path / "a.html").write_text("<html><body>rien</body></html>")
    (tmp_path / "b.TXT").write_text(text, "utf-8")
    (tmp_path / "c.html").write_text("")
    (tmp_path / "latin.txt").write_text(text.replace("’", "'"), "latin-1")
    (tmp_path / "packed.htm").write_bytes(b"\x1f\x8b")
    (tmp_path / "utf16.txt").write_text(text, "utf-16")
    (tmp_path / "notes.md").write_text(text)
    run = scrapy("extract", str(tmp_path))
    assert run.stdout == scrapy("extract", TEXT).stdout * 2
    assert run.stderr.splitlines() == [
        f"{tmp_path}/a.html: a page without address",
        f"{tmp_path}/c.html: empty text",
        f"{tmp_path}/latin.txt: no UTF-8 text",
        f"{tmp_path}/packed.htm: compressed, as WARC files are; kbsworld reextract reads those.",
    ]
    assert run.returncode == 1


def test_the_longest_page_is_a_setting(scrapy: Run, tmp_path: Path) -> None:
    file = tmp_path / "long.html"
    file.write_bytes((CHECKOUT / HTML).read_bytes() + b"<!--" + b" " * 10_000_000 + b"-->")
    run = scrapy("extract", str(file))
    assert (run.returncode, run.stdout) == (1, "")
    assert "larger than a page may be (10,000,000 bytes); KBS_MAX_PAGE sets the limit." in run.stderr
    run = scrapy("extract", str(file), "-s", "KBS_MAX_PAGE=11000000")
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout)["title"].startswith("Washington")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "Name at least one file"),
        (["missing.html"], 1, "missing.html: No such file or directory"),
        (["extractors"], 1, "extractors: no page in this folder"),
        (["seeds", "--url", ADDRESS], 2, "--url is the address of one page, but 2 pages are given."),
        ([TEXT, "--url", "https://example.org/"], 2, "--url must be an address of KBS World, such as https://world"),
        (["/dev/null"], 1, "/dev/null: empty text"),
        ([TEXT, "--url", "https://world.kbs.co.kr/service/news_list.htm?lang=f"], 1, "a list of articles"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(scrapy: Run, arguments: list[str], status: int, words: str) -> None:
    run = scrapy("extract", *arguments)
    assert (run.returncode, run.stdout) == (status, "")
    assert words in run.stderr
    assert run.stderr.count("\n") == 1
