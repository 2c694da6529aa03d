"""`kbsworld new`: a crawl of the replica, edits of its pages, and what each reader is told."""

import json
import sqlite3
from pathlib import Path

import feedparser
import pytest
from lxml import html
from markdown_it import MarkdownIt

from storage import ArticleStore
from storage.versions import Row
from tests.crawler.conftest import Run
from tests.crawler.prepared import prepared
from tests.rows import article as made

COUNT = 5


def row(number: int, text: str, day: int = 1, seen: int = 1, **values: object) -> Row:
    """A capture of an article on a day of November."""
    time = f"2026-11-{day:02}T08:00:00+09:00"
    texts = {"paragraphs": json.dumps([text, "Fin."]), "text": f"{text}\n\nFin.", "title": f"Titre {number}"}
    dates = {"timestamp": time, "written_at": "2026-11-01T08:00:00+09:00", "truncated": 0}
    dates |= {"updated_at": time if day > 1 else None, "fetched_at": f"2026-11-{seen:02}T12:00:00.000000+00:00"}
    return made(number, **{**texts, **dates, "archive_file": "a.warc.gz", "archive_offset": seen, **values})


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "kbs.db"
    add(
        path,
        *(
            row(number, f"Douze trains {number}.", category="Société" if number % 2 else None)
            for number in range(COUNT)
        ),
    )
    return path


def add(path: Path, *rows: Row) -> list[str]:
    with ArticleStore(path) as store, store.batch():
        return [store.add_row(one) for one in rows]


def told(scrapy: Run, *arguments: str) -> list[tuple[str, str]]:
    """The changes and numbers that a call tells."""
    run = scrapy("new", "--format", "jsonl", *arguments)
    assert (run.returncode, run.stderr) == (0, "")
    lines = map(json.loads, run.stdout.splitlines())
    return [(line["change"], line["url"].rpartition("=")[2]) for line in lines]


def test_each_change_is_told_once_to_each_reader(database: Path, scrapy: Run) -> None:
    everything = [("new", str(number)) for number in range(COUNT)]
    assert told(scrapy) == told(scrapy, "--mark", "desk", "--begin") == everything
    assert told(scrapy) == told(scrapy, "--mark", "desk") == []
    outcomes = add(
        database,
        row(9, "Nouveau.", seen=2),
        row(1, "Treize trains 1.", day=2, seen=2),
        row(2, "Quinze trains 2.", seen=2),
        row(2, "Seize trains 2.", seen=3),
        row(3, "Douze trains 3.", seen=3, category="Société"),  # the same again
    )
    assert outcomes == ["new", "updated", "edited", "edited", "unchanged"]
    later = [("new", "9"), ("updated", "1"), ("edited", "2"), ("edited", "2")]
    assert told(scrapy, "--peek") == told(scrapy, "--peek") == told(scrapy) == later
    assert told(scrapy) == []
    assert told(scrapy, "--mark", "desk") == later


@pytest.mark.usefixtures("database")
def test_nothing_new_prints_nothing_so_that_cron_sends_no_mail(scrapy: Run) -> None:
    run = scrapy("new")
    assert run.stdout.count("· new\n") == COUNT
    for form in ("text", "html", "markdown", "atom", "jsonl"):
        run = scrapy("new", "--format", form)
        assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def changed(database: Path) -> None:
    add(
        database,
        row(1, "Treize trains \x1b[31m1.", day=2, seen=2),
        row(2, "Quinze trains 2.", seen=2, category="Culture"),
    )


def test_a_person_reads_what_changed_word_by_word(database: Path, scrapy: Run) -> None:
    told(scrapy)
    changed(database)
    updated, edited = scrapy("new", "--peek").stdout.strip().split("\n\n")
    assert updated.splitlines() == [
        "2026-11-01 08:00 KST · updated 2026-11-02 08:00 KST · updated",
        "Titre 1",
        "[-Douze-]{+Treize+} trains [-1-]{+ [31m1+}.",
        "category: [-Société-]",
        "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1",
    ]
    assert (
        edited.splitlines()[0]
        == "2026-11-01 08:00 KST · Culture · edited without a new date, seen 2026-11-02 21:00 KST"
    )
    assert edited.splitlines()[2:4] == ["[-Douze-]{+Quinze+} trains 2.", "category: {+Culture+}"]
    pages = {form: scrapy("new", "--peek", "--format", form).stdout for form in ("html", "markdown", "atom")}
    assert not feedparser.parse(pages["atom"]).bozo
    contents = [entry.content[0].value for entry in feedparser.parse(pages["atom"]).entries]
    assert len({entry.updated for entry in feedparser.parse(pages["atom"]).entries}) == 2
    for page in (pages["html"], MarkdownIt().render(pages["markdown"]), "".join(contents)):
        root = html.document_fromstring(page)
        assert {"Douze", "Société"} <= {node.text for node in root.iter("del")}
        assert {"Treize", "Quinze", "Culture"} <= {node.text for node in root.iter("ins")}


@pytest.mark.usefixtures("database")
def test_a_reader_may_want_some_articles_and_some_at_a_time(scrapy: Run) -> None:
    assert told(scrapy, "--mark", "soc", "--begin", "--category", "societe") == [("new", "1"), ("new", "3")]
    assert told(scrapy, "--mark", "soc") == []
    calls = [told(scrapy, "--mark", "two", "--limit", "2", *begin) for begin in (["--begin"], [], [], [])]
    assert calls == [[("new", "0"), ("new", "1")], [("new", "2"), ("new", "3")], [("new", "4")], []]
    assert told(scrapy, "--mark", "nord", "--begin", "--query", "treize OR douze", "--order", "newest")[0] == (
        "new",
        "4",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--mark", "desk"], "There is no mark desk; begin it: kbsworld new --mark desk --begin."),
        (["--mark", "rot"], "There is no mark rot; is it root?"),
        (["--mark", ""], "--mark needs a name, such as --mark desk."),
        (
            ["--order", "rank", "--query", "a"],
            "--order rank has no sense here; articles are told in the order of their",
        ),
        (["--query", '"'], "A quote is not closed"),
        (["--category", "nulle"], "No article has the category nulle"),
        (["desk"], "Unknown argument desk. See kbsworld new --help."),
    ],
)
def test_a_wrong_call_is_a_sentence_and_moves_no_mark(
    database: Path, scrapy: Run, arguments: list[str], sentence: str
) -> None:
    told(scrapy, "--mark", "root", "--begin")
    before = marks(database)
    run = scrapy("new", *arguments)
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1)
    assert run.stderr.startswith(sentence)
    assert marks(database) == before


def marks(database: Path) -> list[tuple[str, int, int, str]]:
    with sqlite3.connect(database) as db:
        return db.execute("select * from marks order by name").fetchall()


def test_a_mark_does_not_move_where_not_all_was_printed(database: Path) -> None:
    add(database, *(row(number, "x " * 3000) for number in range(100, 200)))
    process = prepared().begin("new", first="import sys, os; os.dup2(os.open('/dev/full', 1), 1)", KBS_DB=str(database))
    _, errors = process.communicate()
    assert (process.returncode, errors) == (1, "[Errno 28] No space left on device\n")
    assert marks(database) == []


def test_an_id_that_sqlite_gives_again_is_told(database: Path, scrapy: Run) -> None:
    told(scrapy)
    with ArticleStore(database) as store, store.batch():
        store.db.execute("delete from articles where url like '%=4'")
    add(database, row(7, "Nouveau."))
    assert told(scrapy) == [("new", "7")]


def test_a_damaged_row_is_reported_and_the_others_told(database: Path, scrapy: Run) -> None:
    with ArticleStore(database) as store, store.batch():
        store.db.execute("update articles set paragraphs = '[' where url like '%=3'")
    run = scrapy("new")
    assert (run.returncode, run.stdout.count("· new\n"), run.stderr.count("damaged: ")) == (1, COUNT - 1, 1)
