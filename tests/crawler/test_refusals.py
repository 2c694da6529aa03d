"""kbsworld refusals, on what a real re-extraction refused."""

import csv
import json
from pathlib import Path

import pytest

from storage import ArticleStore
from tests.crawler.conftest import Run
from tests.crawler.prepared import prepared
from tests.rows import article

NEWS = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code="


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database after pages of some sorts were read that hold no article."""
    folder = tmp_path_factory.mktemp("refused")
    pages = folder / "pages"
    pages.mkdir()
    (pages / "lost.html").write_text("<html><body><p>Corée</p></body></html>")
    rows = [
        {"url": f"{NEWS}{number}", "html": "<html><title>=1+1 l KBS WORLD</title></html>"} for number in range(1, 13)
    ]
    rows.append({"url": "https://world.kbs.co.kr/service/news_list.htm?lang=f", "text": "Aller au menu"})
    (pages / "some.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    run = prepared().run("reextract", str(pages), KBS_DB=f"{folder}/kbs.db", KBS_ARCHIVE=f"{folder}/archive")
    assert run.returncode == 0, run.stderr
    return folder


def test_refused_pages_are_listed_by_reason_with_what_to_do(scrapy: Run, refused: Path) -> None:
    run = scrapy("refusals", "--db", f"{refused}/kbs.db")
    assert (run.returncode, run.stderr) == (0, "")
    groups = [group.splitlines() for group in run.stdout.rstrip().split("\n\n")]
    assert len(groups) == 2  # a list is skipped, not refused
    [lost] = [group for group in groups if group[0].startswith("a page without address (1 page): Name its address")]
    url, _, *place = lost[2].split()
    assert (url, place) == (f"file:{refused}/pages/lost.html", [f"{refused}/pages/lost.html", "0"])
    [[about, _, *shown]] = [group for group in groups if "(12 pages): " in group[0]]
    reason = about.partition(" (12 pages): ")[0]
    assert len(shown) == 10
    assert all(NEWS in line and f"{refused}/pages/some.jsonl" in line for line in shown)
    run = scrapy("refusals", "--db", f"{refused}/kbs.db", "--reason", reason)
    assert run.stdout.count(NEWS) == 12


def test_as_csv_and_json_all_are_listed(scrapy: Run, refused: Path, tmp_path: Path) -> None:
    with ArticleStore(refused / "kbs.db") as store:
        stored = {row["url"]: row for row in store.db.table("refusals").rows}
    read = [
        json.loads(line)
        for line in scrapy("refusals", "--db", f"{refused}/kbs.db", "--format", "json").stdout.splitlines()
    ]
    assert {row["url"]: {name: row[name] for name in stored[row["url"]]} for row in read} == stored
    table = scrapy("refusals", "--db", f"{refused}/kbs.db", "--format", "csv").stdout
    assert [row["url"] for row in csv.DictReader(table.splitlines())] == [row["url"] for row in read]
    ArticleStore(tmp_path / "kbs.db").close()
    for form, said in (("text", "No page was refused.\n"), ("csv", f"{','.join(read[0])}\n"), ("json", "")):
        run = scrapy("refusals", "--format", form)
        assert (run.returncode, run.stdout) == (0, said)
    run = scrapy("refusals", "--reason", "tired")
    sentence = "No page was refused for tired; kbsworld refusals names the reasons.\n"
    assert (run.returncode, run.stderr) == (2, sentence)


def test_a_file_for_the_other_command_is_named_with_it(scrapy: Run, refused: Path, tmp_path: Path) -> None:
    exported, other = tmp_path / "folder" / "articles.jsonl", tmp_path / "folder" / "notes.bin"
    exported.parent.mkdir()
    other.write_bytes(bytes(range(256)))
    exported.write_text(json.dumps(article(1) | {"paragraphs": ["Séoul"]}))
    run = scrapy("reextract", str(exported.parent))
    sentence = "a row that kbsworld export wrote; kbsworld import reads it\n"
    assert (run.returncode, f"damaged: {exported}, byte 0: {sentence}" in run.stderr) == (1, True), run.stderr
    assert f"skipped: {other}: " in run.stderr
    run = scrapy("import", f"{refused}/pages/some.jsonl")
    assert run.returncode == 1
    assert (
        f"damaged: {refused}/pages/some.jsonl, row 1: not a row that kbsworld export writes; kbsworld re" in run.stderr
    )
