"""`kbsworld export` and the way back: a real process, as a person starts it."""

import argparse
import gzip
import json
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from pyarrow import parquet
from scrapy.settings import Settings
from sqlite_utils import Database

from crawler.arguments import ArgumentError
from crawler.commands.export import Command
from storage import ArticleStore
from storage.exports import ExportError, whole_file, whole_folder
from storage.versions import Row
from tests.crawler.conftest import Run
from tests.crawler.prepared import prepared
from tests.crawler.test_command import in_shell
from tests.rows import article as made

COUNT = 12


def article(number: int, day: int = 1, **values: object) -> Row:
    time = f"2026-11-{day:02}T08:00:00+09:00"
    place = {"archive_file": "/a.warc.gz", "archive_offset": 7}
    return made(number, **{"timestamp": time, "written_at": time, "title": f"Titre {number}", **place, **values})


def rows() -> list[Row]:
    """Articles of some days; the first has three versions, one of them undated and far from the others."""
    found = [article(number, number + 1, category="Société" if number % 2 else None) for number in range(COUNT)]
    later = article(0, 9, updated_at="2026-11-09T08:00:00+09:00", written_at="2026-11-01T08:00:00+09:00")
    undated = article(0, 20, written_at=None, paragraphs='["dit \\"oui\\""]', text='dit "oui"')
    undated["fetched_at"] = "2026-11-19T23:00:00.000000+00:00"
    return [*found, later, undated]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "kbs.db"
    with ArticleStore(path) as store, store.batch():
        store.db.table("articles").insert_all(rows())
    return path


def urls(lines: str) -> list[str]:
    return [json.loads(line)["url"].rpartition("=")[2] for line in lines.splitlines()]


def export(database: Path, *arguments: str) -> int:
    """An export in this process; its exit status."""
    command, parser = Command(), argparse.ArgumentParser()
    command.settings = Settings({"KBS_DB": str(database)})
    command.add_options(parser)
    return command.work([], parser.parse_args(arguments))


@pytest.mark.usefixtures("database")
def test_the_newest_versions_are_printed_in_order(scrapy: Run) -> None:
    run = scrapy("export", "-o", "-")
    assert urls(run.stdout) == [*map(str, range(1, COUNT)), "0"]
    assert run.stderr == f"export: {COUNT} written to standard output.\n"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--since", "2026-11-03", "--until", "2026-11-06", "--category", "societe", "--lang", "fr"], ["3", "5"]),
        (["--until", "2026-11-05", "--category", ""], ["2", "4"]),
    ],
)
def test_only_selected_articles_are_exported(database: Path, arguments: list[str], wanted: list[str]) -> None:
    file = database.with_name("a")
    assert export(database, *arguments, "-o", str(file)) == 0
    assert urls(file.read_text("utf-8")) == wanted


ITSELF = "-o {tmp}/kbs.db-wal is the article database itself; name another file."


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (["--since", "2026-11-02", "--until", "2026-11-01"], ArgumentError, "--since 2026-11-02 is after --until 2026"),
        (["-o", "{tmp}/a.docx"], ArgumentError, "-o {tmp}/a.docx: no format has the ending .docx; choose one with --f"),
        (["-o", ""], ArgumentError, "-o . is a folder; name a file in it."),
        (["--format", "txt", "-o", "-"], ArgumentError, "--format txt is not one file; give -o a name."),
        (
            ["--format", "txt", "-o", "{tmp}/kbs.db"],
            ArgumentError,
            "-o {tmp}/kbs.db is the article database itself; na",
        ),
        (["-o", "{tmp}/a.jsonl.gz"], ArgumentError, "-o {tmp}/a.jsonl.gz: exports are not compressed; leave out .gz"),
        (["-o", "{tmp}/kbs.db-wal"], ArgumentError, ITSELF),
        (["--format", "tei", "--since", "2030-01-01"], ExportError, "No article is selected; a TEI corpus must have"),
        (["-o", "{tmp}/none/a"], ExportError, "{tmp}/none/a cannot be written (No such file or directory)."),
        (["-o", "/dev/full"], ExportError, "/dev/full cannot be written (No space left on device)."),
        (["--format", "markdown", "-o", "/dev/null"], ArgumentError, "-o /dev/null is a file; name a folder."),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_leaves_nothing(
    database: Path, arguments: list[str], error: type[Exception], sentence: str
) -> None:
    tmp = str(database.parent)
    before = set(database.parent.iterdir())
    output = [] if "-o" in arguments else ["-o", f"{tmp}/out"]
    with pytest.raises(error) as caught:
        export(database, *output, *(argument.replace("{tmp}", tmp) for argument in arguments))
    assert str(caught.value).startswith(sentence.replace("{tmp}", tmp))
    assert {path for path in database.parent.iterdir() if not path.name.startswith("kbs.db-")} == before


def test_there_and_back_again_is_the_same_bytes(database: Path, scrapy: Run, tmp_path: Path) -> None:
    file, packed, again, other = (tmp_path / name for name in ("a.jsonl", "named.txt", "b.jsonl", "other.db"))
    assert export(database, "--all-versions", "-o", str(file)) == 0
    packed.write_bytes(gzip.compress(file.read_bytes()))
    for source in (file, packed):  # a second time changes nothing
        run = scrapy("import", str(source), KBS_DB=str(other))
        assert run.returncode == 0, run.stderr
        assert export(other, "--all-versions", "-o", str(again)) == 0
        assert again.read_bytes() == file.read_bytes()
    assert len(file.read_text("utf-8").splitlines()) == COUNT + 2


def test_the_other_formats_hold_the_same_articles(database: Path, tmp_path: Path) -> None:
    for form in ("csv", "parquet", "tei", "markdown"):
        assert export(database, "--all-versions", "--format", form, "-o", str(tmp_path / form)) == 0
    assert (tmp_path / "csv").read_bytes().count(b"\r\n") == COUNT + 3
    table = parquet.read_table(tmp_path / "parquet").to_pylist()
    key = itemgetter("url", "timestamp", "title", "text", "archive_offset")
    assert sorted(map(key, table)) == sorted(map(key, rows()))
    assert len(etree.parse(tmp_path / "tei").getroot().findall("{*}TEI")) == COUNT + 2
    names = {path.name for path in (tmp_path / "markdown").iterdir()}
    assert len(names) == COUNT + 2
    assert "2026-11-01-news-fr-0-20261109T080000.md" in names


def test_a_file_is_replaced_only_at_the_end(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.csv"
    file.write_text("before")
    db = Database(database)
    db.execute("update articles set paragraphs = '[' where url like '%=3'")
    db.conn.commit()
    assert export(database, "-o", str(file)) == 1
    said = capsys.readouterr().err
    assert said.startswith("damaged: https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=3, version ")
    assert file.read_bytes().count(b"\r\n") == COUNT
    assert export(database, "--since", "2030-01-01", "-o", str(file)) == 0
    assert capsys.readouterr().err == f"No article is selected; {file} is empty.\n"
    assert not list(tmp_path.glob(".export*"))


@pytest.mark.parametrize("target", [whole_file, whole_folder])
def test_an_interrupted_export_leaves_what_was_there(target: Any, tmp_path: Path) -> None:
    path = tmp_path / "target"
    path.write_text("before") if target is whole_file else path.mkdir()

    def half() -> None:
        with target(path) as out:
            out.write(b"half") if target is whole_file else (out / "a.md").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert [entry.name for entry in tmp_path.iterdir()] == ["target"]
    assert path.read_text() == "before" if target is whole_file else not list(path.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        "(echo first; kbsworld export -o /dev/stdout; echo last) > {out}",
        "(echo first; kbsworld export -o /dev/fd/3 3>&1; echo last) >> {out}",
        "kbsworld export -o >(cat > {out}); wait $!",
    ],
)
def test_what_the_shell_has_opened_is_written_directly(database: Path, tmp_path: Path, command: str) -> None:
    out = tmp_path / "out"
    run = in_shell(database, command.format(out=out))
    assert f"export: {COUNT} written" in run.stderr
    lines = out.read_text("utf-8").splitlines()
    if "first" in command:
        assert (lines.pop(0), lines.pop()) == ("first", "last")
    assert urls("\n".join(lines)) == [*map(str, range(1, COUNT)), "0"]


def test_what_killed_exports_left_goes_with_the_next_one(tmp_path: Path) -> None:
    database, folder = tmp_path / "kbs.db", tmp_path / "out"
    with ArticleStore(database) as store, store.batch():
        store.db.table("articles").insert_all(article(number, text=f"Séoul {'x' * 2000}") for number in range(3000))
    folder.mkdir()
    with whole_file(folder / "running.jsonl") as running:  # an export of another process
        left = set(folder.iterdir())
        for form in ("jsonl", "markdown"):
            output = ["-o", str(folder / ("killed.jsonl" if form == "jsonl" else ""))]
            process = prepared().begin("export", "--format", form, *output, KBS_DB=str(database))
            while process.poll() is None and set(folder.iterdir()) <= left:
                pass
            process.kill()
            process.communicate()
            left = set(folder.iterdir())
        assert len(left) == 3
        prepared().run("export", "-o", str(folder / "one.jsonl"), KBS_DB=str(database))
        one = {folder / name for name in ("one.jsonl", "one.jsonl.manifest.json")}
        assert set(folder.iterdir()) == left | one
        running.write(b"whole")
    prepared().run("export", "-o", str(folder / "two.jsonl"), KBS_DB=str(database))
    assert {file.name for file in folder.iterdir()} == {"running.jsonl"} | {
        f"{name}.jsonl{ending}" for name in ("one", "two") for ending in ("", ".manifest.json")
    }
    assert (folder / "running.jsonl").read_bytes() == b"whole"
