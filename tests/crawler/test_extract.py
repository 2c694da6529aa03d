"""scrapy extract: prints articles, stores nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawler.conftest import Run
from tests.crawler.prepared import CHECKOUT
from tests.replica.reconstruction import ADDRESS

TEXT = "seeds/000_6ad28e2ce761a03c.txt"
HTML = "seeds/news_vod_view_83685.reconstruction.html"


@pytest.mark.parametrize("name", [TEXT, HTML])
def test_a_seed_prints_one_json_line_equal_to_the_gold_record(scrapy: Run, seeds: Path, name: str) -> None:
    run = scrapy("extract", name)
    gold = json.loads((seeds / "gold.json").read_text("utf-8"))
    [line] = run.stdout.splitlines()
    article = json.loads(line)
    assert {field: article[field] for field in gold} == gold
    assert (run.returncode, run.stderr) == (0, "")


def test_nothing_is_stored(scrapy: Run, tmp_path: Path) -> None:
    scrapy("extract", TEXT)
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
    page = (CHECKOUT / HTML).read_bytes()
    run = subprocess.run(
        [sys.executable, "-m", "scrapy", "extract", "-"], cwd=CHECKOUT, input=page, capture_output=True, check=False
    )
    assert json.loads(run.stdout)["title"].startswith("Washington")


def test_what_holds_no_article_is_told_and_the_rest_is_printed(scrapy: Run, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<html><body>rien</body></html>")
    (tmp_path / "b.txt").write_bytes((CHECKOUT / TEXT).read_bytes())
    (tmp_path / "c.html").write_text("")
    run = scrapy("extract", str(tmp_path))
    assert len(run.stdout.splitlines()) == 1
    assert run.stderr.splitlines() == [
        f"{tmp_path}/a.html: a page without address; give it with --url",
        f"{tmp_path}/c.html: empty text",
    ]
    assert run.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "Name at least one file"),
        (["missing.html"], 1, "missing.html: no such file or folder."),
        (["extractors"], 1, "extractors: no page in this folder"),
        (["seeds", "--url", ADDRESS], 2, "--url is the address of one page, and there are 2 here."),
        ([TEXT, "--url", "https://example.org/"], 2, "--url https://example.org/ is no address of KBS World, such as"),
        (["/dev/null"], 1, "/dev/null: empty text"),
        (["--frmat", "text", TEXT], 2, "There is no option --frmat; scrapy extract --help names them."),
        ([TEXT, "--url", "https://world.kbs.co.kr/service/news_list.htm?lang=f"], 1, "a list of articles"),
    ],
)
def test_a_wrong_call_gets_a_sentence(scrapy: Run, arguments: list[str], status: int, words: str) -> None:
    run = scrapy("extract", *arguments)
    assert run.returncode == status
    assert words in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert run.stdout == ""


def test_an_unknown_format_is_refused(scrapy: Run) -> None:
    run = scrapy("extract", TEXT, "--format", "pdf")
    assert run.returncode == 2
    assert "invalid choice" in run.stderr


def test_help_says_what_the_command_does(scrapy: Run) -> None:
    help_text = " ".join(scrapy("extract", "--help").stdout.split())
    assert "nothing is stored" in scrapy("--help").stdout.lower()
    assert "Exit status: 0, 1 where" in help_text
    assert "--url" in help_text


def test_kbsworld_is_the_same_command_line_outside_the_checkout(tmp_path: Path) -> None:
    kbsworld = Path(sys.executable).parent / "kbsworld"
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = another.project\n")
    run = subprocess.run(
        [kbsworld, "extract", CHECKOUT / TEXT], cwd=tmp_path, capture_output=True, env=os.environ, check=False
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["title"].startswith("Washington")
    spiders = subprocess.run([kbsworld, "list"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "kbs_news" in spiders.stdout.split()


def test_a_text_in_another_encoding_is_read_or_refused_and_never_garbled(scrapy: Run, tmp_path: Path) -> None:
    text = (CHECKOUT / TEXT).read_text("utf-8")
    (tmp_path / "utf16.txt").write_text(text, "utf-16")
    (tmp_path / "latin.txt").write_text(text.replace("’", "'"), "latin-1")
    assert scrapy("extract", str(tmp_path / "utf16.txt")).stdout == scrapy("extract", TEXT).stdout
    run = scrapy("extract", str(tmp_path / "latin.txt"))
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"{tmp_path}/latin.txt: no UTF-8 text; convert it first, as with iconv -t UTF-8.\n"


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(tmp_path: Path) -> None:
    for i in range(300):
        (tmp_path / f"{i}.txt").write_bytes((CHECKOUT / TEXT).read_bytes())
    command = f"{sys.executable} -m scrapy extract {tmp_path} | head -n 1"
    run = subprocess.run(["/bin/sh", "-c", command], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert len(run.stdout.splitlines()) == 1
    assert run.stderr == ""
