"""`kbsworld export` in each format: a crawl of the replica, the real command, the readers that the formats are for."""

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import feedparser
import openpyxl
import pandas
import pytest
from lxml import etree, html
from markdown_it import MarkdownIt
from trafilatura.xml import validate_tei

from tests.crawler.conftest import crawl_replica
from tests.crawler.prepared import prepared


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of a crawl of news and features, of which the latter have days only."""
    return crawl_replica(tmp_path_factory.mktemp("formats"), "kbs_news", "kbs_features").parent


@pytest.fixture(scope="module")
def truth(folder: Path) -> list[dict[str, Any]]:
    """The articles as JSON Lines has them, oldest first."""
    file = export(folder, "articles.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def export(folder: Path, name: str, *arguments: str) -> Path:
    run = prepared().run("export", "-o", f"{folder}/{name}", *arguments, KBS_DB=f"{folder}/kbs.db")
    assert (run.returncode, len(run.stderr.splitlines())) == (0, 1), run.stderr
    return folder / name


def days(truth: list[dict[str, Any]]) -> list[str]:
    return [article["written_at"][:10] for article in truth]


def test_tables_have_every_article_and_its_day(folder: Path, truth: list[dict[str, Any]]) -> None:
    assert len({len(article["written_at"]) for article in truth}) == 2  # moments and days
    columns = ["url", "title", "text"]
    wanted = [[article[name] for name in columns] for article in truth]
    book = openpyxl.load_workbook(export(folder, "a.xlsx"))["articles"]
    names, *rows = book.iter_rows(values_only=True)
    assert [[row[names.index(name)] for name in columns] for row in rows] == wanted
    assert [f"{row[0]:%Y-%m-%d}" for row in rows] == days(truth)
    frames = [pandas.read_parquet(export(folder, "a.parquet")), pandas.read_csv(export(folder, "a.csv"))]
    for frame in frames:
        assert frame[columns].to_numpy().tolist() == wanted
        assert pandas.to_datetime(frame["date"]).dt.strftime("%Y-%m-%d").tolist() == days(truth)
    with duckdb.connect() as db:
        for reader, file in (("read_parquet", "a.parquet"), ("read_csv", "a.csv")):
            sql = f"select year(date), count(*), count(distinct url) from {reader}('{folder}/{file}') group by 1"  # noqa: S608
            assert sum(count for _, count, _ in db.execute(sql).fetchall()) == len(truth)
        typed = db.execute(f"select max(len(paragraphs)), min(written_at) from '{folder}/a.parquet'").fetchone()  # noqa: S608
    assert typed is not None
    assert typed[0] == max(len(article["paragraphs"]) for article in truth)


def test_texts_are_what_corpus_tools_read(folder: Path, truth: list[dict[str, Any]]) -> None:
    export(folder, "texts", "--format", "txt")
    with (folder / "texts/metadata.csv").open(encoding="utf-8", newline="") as file:
        table = {line["url"]: line for line in csv.DictReader(file)}
    for article in truth:
        assert (folder / "texts" / table[article["url"]]["file"]).read_text("utf-8") == f"{article['text']}\n"
    corpus = etree.fromstring(f"<corpus>{export(folder, 'a.vert').read_text('utf-8')}</corpus>")
    assert [doc.get("url") for doc in corpus.iter("doc")] == [article["url"] for article in truth]
    for doc, article in zip(corpus.iter("doc"), truth, strict=True):
        tokens = [line.split("\t") for s in doc.iter("s") for line in (s.text or "").strip().split("\n")]
        assert {len(token) for token in tokens} == {2}
        assert "".join(word for word, _ in tokens) == "".join(article["text"].split())
    assert validate_tei(etree.parse(export(folder, "a.xml")).getroot())
    few = ("export", "--format", "txt", "--limit", "2", "-o", f"{folder}/texts")
    mixed, alone = (prepared().run(*few[:-1], few[-1] + name, KBS_DB=f"{folder}/kbs.db").stderr for name in ("", "2"))
    assert mixed.startswith(f"{folder}/texts holds {len(truth) - 2} other files, too; ")
    assert alone == f"export: 2 written to {folder}/texts2.\n"


def test_pages_and_feeds_hold_the_whole_texts(folder: Path, truth: list[dict[str, Any]]) -> None:
    page = html.parse(export(folder, "a.html")).getroot()
    rendered = html.document_fromstring(MarkdownIt().render(export(folder, "a.md").read_text("utf-8")))
    for shown in (page, rendered):
        assert [link.get("href") for link in shown.iterfind(".//h2/a")] == [article["url"] for article in truth]
        told = {" ".join((node.text_content() or "").split()) for node in shown.iter("p", "li")}
        assert {" ".join(one.removeprefix("- ").split()) for article in truth for one in article["paragraphs"]} <= told
    feed = feedparser.parse(export(folder, "feed.atom", "--limit", "10").read_bytes())
    newest = truth[:-11:-1]
    assert [(entry.id, entry.updated[:10]) for entry in feed.entries] == [
        (article["url"], article["timestamp"][:10]) for article in newest
    ]
    assert all(entry.updated.endswith("+09:00") for entry in feed.entries)
    shown = html.fragment_fromstring(feed.entries[0].content[0].value, "div")
    assert "".join(shown.text_content().split()) == "".join("".join(newest[0]["paragraphs"]).split())


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx", "parquet", "html", "atom", "vertical", "tei"])
def test_an_export_made_again_is_the_same_bytes(folder: Path, form: str) -> None:
    first, second = (export(folder, f"{name}.{form}", "--format", form).read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize(
    ("form", "module", "extra"),
    [("xlsx", "xlsxwriter", "xlsx"), ("vertical", "simplemma", "lemmas"), ("parquet", "pyarrow", "parquet")],
)
def test_a_format_whose_extra_is_missing_says_how_to_get_it(folder: Path, form: str, module: str, extra: str) -> None:
    first = f"import sys; sys.modules['{module}'] = None"
    run = prepared().run("export", "--format", form, "-o", f"{folder}/none", first=first, KBS_DB=f"{folder}/kbs.db")
    assert (run.returncode, run.stdout, (folder / "none").exists()) == (1, "", False)
    assert run.stderr == f"This needs {module}: pip install 'kbsworld[{extra}]'.\n"
