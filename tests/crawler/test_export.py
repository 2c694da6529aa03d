"""`scrapy export` and the way back: a real process, as a person starts it."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from scrapy.settings import Settings
from sqlite_utils import Database
from trafilatura.xml import TEI_SCHEMA

from crawler.arguments import ArgumentError
from crawler.commands.export import Command
from crawler.export import Export
from storage import ArticleStore
from storage.exports import ExportError, whole_file, whole_folder
from storage.parquet import read_rows
from storage.schema import migrations
from storage.versions import Row
from tests.crawler.conftest import Run
from tests.crawler.prepared import CHECKOUT, prepared
from tests.crawler.test_import_rows import article as made

COUNT = 12


def article(number: int, day: int = 1, **values: object) -> Row:
    time = f"2026-11-{day:02}T08:00:00+09:00"
    return made(number, **{"timestamp": time, "written_at": time, "title": f"Titre {number}", **values})


def rows() -> list[Row]:
    """Articles of some days; the first has three versions, one of them undated, and stands apart from the others."""
    found = [article(number, number + 1, category="Société" if number % 2 else None) for number in range(COUNT)]
    later = article(0, 9, updated_at="2026-11-09T08:00:00+09:00", written_at="2026-11-01T08:00:00+09:00")
    undated = article(0, 20, written_at=None, paragraphs='["dit \\"oui\\""]', text='dit "oui"')
    undated["fetched_at"] = "2026-11-23T00:00:00.000000+00:00"
    return [*found, later, undated]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "kbs.db"
    with ArticleStore(path) as store, store.batch():
        for row in rows():
            store.db.table("articles").insert(row)
    return path


def urls(lines: str) -> list[str]:
    return [json.loads(line)["url"].rpartition("=")[2] for line in lines.splitlines()]


@pytest.mark.usefixtures("database")
def test_the_newest_versions_go_to_standard_output_in_order(scrapy: Run) -> None:
    run = scrapy("export", "-o", "-")
    assert run.returncode == 0, run.stderr
    assert urls(run.stdout) == [*map(str, range(1, COUNT)), "0"]
    assert run.stderr.startswith(f"export: {COUNT} articles to standard output, ")
    assert run.stderr.count("\n") == 1


def test_a_selection_is_exported_and_nothing_else(database: Path, tmp_path: Path) -> None:
    for arguments, wanted in (
        (["--since", "2026-11-03", "--until", "2026-11-06", "--category", "societe", "--lang", "fr"], ["3", "5"]),
        (["--until", "2026-11-05", "--category", ""], ["2", "4"]),
    ):
        assert work(database, *arguments, "-o", str(tmp_path / "a")).run() == 0
        assert urls((tmp_path / "a").read_text("utf-8")) == wanted


NONE_SELECTED = "No article is selected, and a TEI corpus must have one at least; nothing is written."
ITSELF = "-o {tmp}/kbs.db is the article database itself; name another file."
LANGUAGES = "ar, de, en, es, fr, id, ja, ko, ru, vi, zh"


def work(database: Path, *arguments: str) -> Export:
    """An export as the command prepares it, in this process."""
    command, parser = Command(), argparse.ArgumentParser()
    command.settings = Settings()
    command.add_options(parser)
    return Export(str(database), parser.parse_args(arguments))


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["--since", "soon"], ArgumentError, "--since=soon is no day; write it as in --since=2026-11-24."),
        (["--since", "2026-11-02", "--until", "2026-11-01"], ArgumentError, "--since=2026-11-02 is after --until="),
        (["--category", "Sport"], ArgumentError, "No article has the category Sport; there are: Société."),
        (["--lang", "xx"], ArgumentError, f"--lang=xx is no edition's language; there are: {LANGUAGES}."),
        (
            ["--format", "markdown", "-o", "-"],
            ValueError,
            "Markdown is a file for each article; name a folder for them with -o",
        ),
        (["--since", ""], ArgumentError, "--since is empty; give a day, as in --since=2026-11-24, or leave it out."),
        (["-o", "{tmp}/a/"], ValueError, "-o {tmp}/a/ is a folder; name a file in it."),
        (["-o", "{tmp}/a.md"], ValueError, "-o {tmp}/a.md: Markdown is a file for each article; name"),
        (["-o", "{tmp}/a.jsonl.gz"], ValueError, "-o {tmp}/a.jsonl.gz: exports are not packed; leave out .gz, or pipe"),
        (["--format", "tei", "--since", "2030-01-01", "-o", "{tmp}/a"], ExportError, NONE_SELECTED),
        (["-o", "{tmp}"], ExportError, "{tmp} is a folder; name a file."),
        (["-o", "{tmp}/none/a"], ExportError, "{tmp}/none/a cannot be written (No such file or directory)."),
        (["-o", "/dev/full"], ExportError, "/dev/full cannot be written (No space left on device)."),
        (["-o", "{tmp}/kbs.db"], ValueError, ITSELF),
        (["--format", "markdown", "-o", "{tmp}/kbs.db"], ValueError, ITSELF),
        (["--format", "markdown", "-o", "/dev/null"], ExportError, "/dev/null is a file; name a folder, or one that"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence_and_nothing_is_left(
    database: Path, arguments: list[str], error: type[Exception], said: str
) -> None:
    tmp = str(database.parent)
    before = set(database.parent.iterdir())
    with pytest.raises(error) as caught:
        work(database, "-o", f"{tmp}/out", *(argument.replace("{tmp}", tmp) for argument in arguments)).run()
    assert str(caught.value).startswith(said.replace("{tmp}", tmp))
    assert {path for path in database.parent.iterdir() if not path.name.startswith("kbs.db-")} == before


@pytest.mark.usefixtures("database")
def test_a_wrong_call_ends_with_status_2(scrapy: Run) -> None:
    run = scrapy("export", "more")
    assert (run.returncode, run.stderr) == (2, "There is no argument more; scrapy export --help says what there is.\n")
    run = scrapy("export", "--lang", "xx")  # which is found out in the midst of the work
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)


def test_there_and_back_again_is_the_same_bytes(database: Path, scrapy: Run, tmp_path: Path) -> None:
    file, packed, again = tmp_path / "a.jsonl", tmp_path / "named.txt", tmp_path / "b.jsonl"
    assert work(database, "--all-versions", "-o", str(file)).run() == 0
    assert len(file.read_text("utf-8").splitlines()) == COUNT + 2
    packed.write_bytes(gzip.compress(file.read_bytes()))
    for source in (file, packed):
        other = tmp_path / f"{source.name}.db"
        run = scrapy("import", str(source), KBS_DB=str(other))
        assert (run.returncode, f"  damaged      {0:>8}" in run.stderr) == (0, True)
        assert work(other, "--all-versions", "-o", str(again)).run() == 0
        assert again.read_bytes() == file.read_bytes()
    assert f"  unchanged    {COUNT + 2:>8}" in scrapy("import", str(file), KBS_DB=str(other)).stderr


def test_an_interrupted_import_has_stored_what_it_counts(tmp_path: Path) -> None:
    many, file = tmp_path / "many.db", tmp_path / "many.jsonl"
    with ArticleStore(many) as store, store.batch():
        store.db.table("articles").insert_all(article(number) for number in range(4000))
    assert work(many, "-o", str(file)).run() == 0
    for wanted in (1, 600, 1200):
        path = tmp_path / f"{wanted}.db"
        process = prepared().begin("import", str(file), KBS_DB=str(path))
        with Database(path) as db:
            while not db["articles"].exists() or db.table("articles").count < wanted:
                time.sleep(0.005)
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):  # as where a terminal closes
                process.send_signal(number)
                time.sleep(0.003)
            said = process.communicate()[1]
            stored = db.table("articles").count
        assert process.returncode in {128 + signal.SIGINT, 128 + signal.SIGHUP, 128 + signal.SIGTERM}
        assert said.startswith(f"import: {stored:,} rows, ")
        assert f"  new          {stored:>8}\n" in said
        assert said.endswith("Interrupted; what was stored stays, and the same call stores the rest.\n")
        assert wanted <= stored < 4000
    assert f"  new          {4000 - stored:>8}\n" in prepared().run("import", str(file), KBS_DB=str(path)).stderr


def test_a_signal_that_comes_while_a_command_is_prepared_ends_it_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    here = "storage.parquet.require_pyarrow = lambda what: os.kill(os.getpid(), signal.SIGTERM)"
    run = prepared().run("import", str(tmp_path / "a.parquet"), first=f"import os, signal, storage.parquet; {here}")
    assert run.returncode == 128 + signal.SIGTERM
    assert run.stderr == "Interrupted; what was stored stays, and the same call stores the rest.\n"


def test_an_import_that_the_disk_ends_has_stored_what_it_counts(tmp_path: Path) -> None:
    many, file, path = tmp_path / "many.db", tmp_path / "many.jsonl", tmp_path / "kbs.db"
    with ArticleStore(many) as store, store.batch():
        store.db.table("articles").insert_all(article(number) for number in range(1000))
    assert work(many, "-o", str(file)).run() == 0
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))"
    run = prepared().run("import", str(file), KBS_DB=str(path), first=full)
    stored = Database(path).table("articles").count
    assert run.returncode == 1
    assert run.stderr.startswith(f"import: {stored:,} rows, ")
    assert f"  new          {stored:>8}\n" in run.stderr
    assert run.stderr.endswith("what was stored stays, call this again.\n")
    assert 0 < stored < 1000


@pytest.mark.usefixtures("database")
def test_lines_that_are_none_of_ours_are_told_and_the_others_taken(scrapy: Run, tmp_path: Path) -> None:
    good = scrapy("export").stdout.splitlines()
    without = json.dumps({key: value for key, value in json.loads(good[0]).items() if key != "fetched_at"})
    half = json.dumps(json.loads(good[0]) | {"paragraphs": ["\ud800"], "text": "\ud800"})
    wrong = json.dumps(json.loads(good[0]) | {"archive_offset": 2**70})
    endless = '{"url": "' + "x" * 5000
    file = tmp_path / "some.jsonl"
    file.write_text("\n".join([good[0], "{", without, half, wrong, endless, good[1], good[2][:50]]), "utf-8")
    other = tmp_path / "other.db"
    run = scrapy("import", str(file), "-s", "KBS_MAX_PAGE=1000", KBS_DB=str(other))
    assert run.returncode == 1
    assert run.stderr.splitlines()[:6] == [
        f"damaged: {file}, line 2: no JSON",
        f"damaged: {file}, line 3: fetched_at is missing; import takes what scrapy export wrote",
        f"damaged: {file}, line 4: paragraphs is of another kind",
        f"damaged: {file}, line 5: archive_offset is of another kind",
        f"damaged: {file}, line 6: a line longer than that of a page",
        f"damaged: {file}, line 8: no JSON",
    ]
    assert Database(other).table("articles").count == 2
    (tmp_path / "cut.gz").write_bytes(gzip.compress("\n".join(good).encode())[:-9])
    run = scrapy("import", str(tmp_path / "cut.gz"), KBS_DB=str(tmp_path / "cut.db"))
    assert run.returncode == 1
    assert run.stderr.startswith(f"{tmp_path}/cut.gz: its gzip data end too early; what stands before that was read.")


def test_the_other_formats_hold_the_same_articles(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for form in ("csv", "parquet", "tei", "markdown"):
        assert work(database, "--all-versions", "--format", form, "-o", str(tmp_path / form)).run() == 0
        assert capsys.readouterr().err.startswith(f"export: {COUNT + 2} versions into {tmp_path / form}, ")
    assert (tmp_path / "csv").read_bytes().count(b"\r\n") == COUNT + 3
    parquet = list(read_rows(tmp_path / "parquet", "articles"))
    assert sorted(parquet, key=str) == sorted(rows(), key=str)
    corpus = etree.parse(tmp_path / "tei")
    assert etree.DTD(TEI_SCHEMA).validate(corpus)
    assert len(corpus.getroot().findall("{*}TEI")) == COUNT + 2
    names = {path.name for path in (tmp_path / "markdown").iterdir()}
    assert len(names) == COUNT + 2
    assert "2026-11-01-news-fr-0-20261109T080000.md" in names


def test_a_file_is_replaced_at_the_end_alone(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("before")
    db = Database(database)
    db.execute("update articles set paragraphs = '[' where url like '%=3'")
    db.conn.commit()
    assert work(database, "--format", "csv", "-o", str(file)).run() == 1
    said = capsys.readouterr().err
    assert said.startswith("damaged: https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=3, version ")
    assert file.read_bytes().count(b"\r\n") == COUNT
    assert work(database, "--format", "csv", "--since", "2030-01-01", "-o", str(file)).run() == 0
    assert capsys.readouterr().err == f"No article is selected; {file} holds none.\n"
    assert file.read_bytes().startswith(b"url,timestamp,")
    assert not list(tmp_path.glob(".export*"))


@pytest.mark.parametrize("target", [whole_file, whole_folder])
def test_what_was_there_stays_where_an_export_is_interrupted(target: Any, tmp_path: Path) -> None:
    path = tmp_path / "target"
    if target is whole_file:
        path.write_text("before")

    def half() -> None:
        with target(path) as out:
            out.write(b"half") if target is whole_file else (out / "a.md").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert [entry.name for entry in tmp_path.iterdir()] == (["target"] if target is whole_file else [])
    assert target is whole_folder or path.read_text() == "before"


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(database: Path, tmp_path: Path) -> None:
    db = Database(database)
    for number in range(100, 600):
        db.table("articles").insert(article(number, 12, paragraphs=json.dumps(["x" * 2000]), text="x" * 2000))
    db.close()
    command = f"{sys.executable} -m scrapy export | head -n 1"
    env = os.environ | {"KBS_DB": str(database), "KBS_ARCHIVE": str(tmp_path / "archive")}
    run = subprocess.run(command, shell=True, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)  # noqa: S602
    assert run.stdout.count("\n") == 1
    assert run.stderr == ""


@pytest.mark.parametrize(
    "command",
    [
        "export -o /dev/stdout | cat > {out}",
        "(echo first; export -o /dev/stdout; echo last) > {out}",
        "(echo first; export -o /dev/fd/3 3>&1; echo last) >> {out}",
        "export -o >(cat > {out}); wait $!",
    ],
)
def test_what_the_shell_has_opened_is_written_to_as_it_is(database: Path, tmp_path: Path, command: str) -> None:
    out = tmp_path / "out"
    call = f'export() {{ {sys.executable} -m scrapy export "$@"; }}; {command.format(out=out)}'
    env = os.environ | {"KBS_DB": str(database), "KBS_ARCHIVE": str(tmp_path / "archive")}
    run = subprocess.run(["/bin/bash", "-c", call], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=True)
    assert f"export: {COUNT} articles" in run.stderr
    lines = out.read_text("utf-8").splitlines()
    if "first" in command:
        assert (lines.pop(0), lines.pop()) == ("first", "last")
    assert urls("\n".join(lines)) == [*map(str, range(1, COUNT)), "0"]


def test_an_older_database_is_upgraded_and_a_missing_one_is_told(scrapy: Run, tmp_path: Path) -> None:
    db = Database(tmp_path / "old.db")
    migrations.apply(db, stop_before="m004_catalogue_and_search")
    db.table("articles").insert(article(1))
    db.close()
    run = scrapy("export", KBS_DB=str(tmp_path / "old.db"))
    assert run.returncode == 0
    assert run.stderr.startswith(f"{tmp_path}/old.db was made by an older version of kbsworld and is upgraded first.\n")
    assert urls(run.stdout) == ["1"]
    run = scrapy("export", KBS_DB=str(tmp_path / "none.db"))
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"There is no database {tmp_path}/none.db yet")
