"""What is found in databases and archives that really are damaged, each in one way."""

from __future__ import annotations

import gzip
import os
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from extractors import Article
from extractors.address import day_url
from storage import ArchiveWriter, ArticleStore, Capture, CrawlHistory, StoreError
from storage.archive_check import ArchiveReport, RunSpan, check_archive, check_files
from storage.checkup import Examination, Gap, examine
from storage.history import MAX_TRIES, Reach
from storage.readonly import read_undisturbed
from storage.schema import migrations
from storage.warc_reader import Damage, Record, read_warc
from tests.replica import World

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2026, 11, 24)
COUNT = 6
FILE = "kbs_news-20261124T120000123456Z-1.warc.gz"
SECOND = timedelta(seconds=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of six articles of one day, their pages archived in one file by a run that ended."""
    writer = ArchiveWriter(tmp_path / "archive", "kbs_news", {"software": "kbsworld/test"})
    with ArticleStore(tmp_path / "kbs.db") as store:
        history = CrawlHistory(store)
        run = history.begin_run("kbs_news", {}, NOON - SECOND)
        for number, article in enumerate(World(articles=COUNT).entries):
            url = article.truth.url
            # What does not compress, so that each member is long enough to be damaged in its middle.
            body = random.Random(number).randbytes(20_000)
            location = writer.write(
                url=url,
                fetched_at=NOON,
                request_line="GET / HTTP/1.1",
                request_headers=[],
                status_line="HTTP/1.1 200 OK",
                headers=[("Content-Type", "text/html")],
                body=body,
            )
            capture = Capture(url=url, fetched_at=NOON, body=body, location=location)
            store.add(replace(article.truth, source_url=url), capture)
        history.end_run(run, NOON + SECOND, [], reason="finished", exit_status=0, pages=6, new=6)
    writer.close()
    [written] = (tmp_path / "archive").iterdir()
    with ArticleStore(tmp_path / "kbs.db") as store:
        store.db.execute("update articles set archive_file = ?", [FILE])
    written.rename(tmp_path / "archive" / FILE)
    return tmp_path / "kbs.db"


@pytest.fixture
def warc(path: Path) -> Path:
    return path.parent / "archive" / FILE


def change(path: Path, sql: str, *values: object) -> None:
    with ArticleStore(path) as store:
        store.db.execute(sql, values)


def found(path: Path) -> Examination:
    return read_undisturbed(path, lambda db: examine(db, TODAY))


def archive(path: Path, runs: list[RunSpan] | None = None) -> ArchiveReport:
    here = found(path)
    return check_archive(path.parent / "archive", here.rows, here.spans if runs is None else runs)


def offsets(path: Path) -> list[int]:
    return [offset for file in found(path).rows.named.values() for offset in sorted(file)]


def news(path: Path, *days: str) -> None:
    """Have the database hold news of these days, and no other article."""
    truth = World(articles=1).entries[0].truth
    change(path, "delete from articles")
    with ArticleStore(path) as store:
        for number, day in enumerate(days):
            written = datetime.fromisoformat(f"{day}T00:30:00+09:00")
            article: Article = replace(
                truth, url=f"{truth.url}{number}", written_at=written, updated_at=None, timestamp=written.isoformat()
            )
            store.add(article, Capture(url=article.url, fetched_at=NOON, body=b""))


# --- the database ---


def test_a_sound_database_has_no_flaws(path: Path) -> None:
    here = found(path)
    assert (here.articles, here.flaws, here.missing.total, here.rows.unarchived) == (COUNT, [], 0, 0)
    assert dict(here.layouts) == {("2026-11", "news"): COUNT}
    [run] = here.runs
    assert (run.spider, run.ended, run.exit_status, run.counts["new"], run.counts["failed"]) == (
        *("kbs_news", True, 0, COUNT),
        None,
    )


def test_behind_a_run_without_an_end_the_last_finished_one_is_shown(path: Path) -> None:
    with ArticleStore(path) as store:
        CrawlHistory(store).begin_run("kbs_news", {}, NOON + SECOND)
        CrawlHistory(store).begin_run("kbs_days", {}, NOON + SECOND)
    assert [(run.spider, run.ended) for run in found(path).runs] == [
        *(("kbs_days", False), ("kbs_news", False)),
        ("kbs_news", True),
    ]


@pytest.mark.parametrize("paragraphs", ["Paris", '{"a": 1}', '["a", 1]', "[" * 100_000, ""])
def test_paragraphs_that_are_no_list_of_text_are_a_flaw(path: Path, paragraphs: str) -> None:
    change(path, "update articles set paragraphs = ? where rowid = 1", paragraphs)
    [flaw] = found(path).flaws
    assert flaw.endswith("its paragraphs are no JSON list of text")


def test_text_that_is_not_its_paragraphs_is_a_flaw(path: Path) -> None:
    change(path, "update articles set text = text || '.'")
    flaws = found(path).flaws
    assert len(flaws) == COUNT
    assert all(flaw.endswith("its text is not its paragraphs") for flaw in flaws)


def test_bytes_that_are_no_text_are_a_flaw_and_end_nothing(path: Path) -> None:
    change(path, "update articles set text = cast(x'ff' || text as text) where rowid = 1")
    here = found(path)
    assert len(here.flaws) == 1
    assert here.articles == COUNT


def test_a_damaged_page_of_the_database_is_a_flaw_and_the_runs_are_still_told(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        size = connection.execute("pragma page_size").fetchone()[0]
        [root] = connection.execute("select rootpage from sqlite_master where name = 'articles'").fetchone()
    with path.open("r+b") as stream:
        stream.seek((root - 1) * size)
        stream.write(bytes([0x55]) * size)
    here = found(path)
    assert any("malformed" in flaw for flaw in here.flaws)
    assert len(here.runs) == 1


def test_a_database_that_was_cut_short_is_told(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreError, match="is damaged so that nothing in it can be found"):
        found(path)


def test_a_database_of_which_the_beginning_is_damaged_is_told(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(bytes(50))
    with pytest.raises(StoreError, match="is no SQLite database, or its beginning is damaged"):
        found(path)


# --- days ---


def test_days_without_news_are_told_apart_by_whether_they_were_read(path: Path) -> None:
    news(path, "2026-11-01", "2026-11-05", "2026-11-08")
    with ArticleStore(path) as store:
        for day, read_at in ((2, "2026-11-03T00:00:00"), (3, "2026-11-03T23:59:59"), (6, "2026-11-10T00:00:00")):
            reach = Reach(complete_from="", complete_to=datetime.fromisoformat(f"{read_at}+09:00"))
            CrawlHistory(store).reached(day_url("f", date(2026, 11, day)), reach)
    [french] = found(path).news
    assert (french.lang, french.edition, french.first, french.last) == ("fr", "f", date(2026, 11, 1), date(2026, 11, 8))
    assert [(gap.first.day, gap.last.day, gap.days, gap.read_and_empty) for gap in french.gaps] == [
        (2, 2, 1, True),
        (3, 4, 2, False),  # the 3rd was read before it was over
        (6, 6, 1, True),
        (7, 7, 1, False),
    ]


def test_days_are_looked_at_for_ninety_days_and_no_later_than_today(path: Path) -> None:
    news(path, "2020-01-01", "2026-11-20", "2099-01-01")
    [french] = found(path).news
    first = date(2026, 11, 20) - timedelta(days=89)
    assert french.gaps == [Gap(first=first, last=date(2026, 11, 19), read_and_empty=False)]


# --- missing ---


def test_missing_articles_are_counted_and_the_first_are_named(path: Path) -> None:
    with ArticleStore(path) as store:
        history = CrawlHistory(store)
        for number in range(8):
            history.missed(f"https://world.kbs.co.kr/{number}", "kbs_news", "HTTP 500")
        for _ in range(MAX_TRIES):
            history.missed("https://world.kbs.co.kr/0", "kbs_news", "HTTP 404")
    missing = found(path).missing
    assert (missing.total, missing.given_up, len(missing.named)) == (8, 1, 5)
    assert missing.named[0]["reason"] == "HTTP 500"


# --- the archive ---


def test_a_sound_archive_has_no_findings(path: Path) -> None:
    seen: list[tuple[int, int, int, int]] = []
    here = found(path)
    report = check_archive(path.parent / "archive", here.rows, here.spans, lambda *far: seen.append(far))
    assert (report.files, report.records, report.findings) == (1, 1 + 2 * COUNT, [])
    assert seen[-1] == (report.size, report.size, 1, 1)


@pytest.mark.parametrize("into", [0, 1, 40, 10_000])
def test_flipped_bytes_cost_the_record_they_are_in_and_no_other(path: Path, warc: Path, into: int) -> None:
    at = offsets(path)[2]
    with warc.open("r+b") as stream:
        stream.seek(at + into)
        byte = stream.read(1)[0]
        stream.seek(at + into)
        stream.write(bytes([byte ^ 0xFF]))
    report = archive(path)
    [finding] = report.findings
    assert (finding.file, finding.offset, finding.articles, finding.harmless) == (FILE, at, 1, False)
    assert finding.what.startswith("damaged: ")
    assert report.records == 2 * COUNT


def test_content_that_was_changed_and_compressed_again_is_found_by_its_digest(path: Path, warc: Path) -> None:
    *_, at = offsets(path)
    whole = warc.read_bytes()
    member = gzip.decompress(whole[at:]).split(b"WARC/1.1\r\nWARC-Type: request")[0]
    changed = member[:-10] + b"x" + member[-9:]
    warc.write_bytes(whole[:at] + gzip.compress(changed))
    [finding] = archive(path).findings
    assert (finding.offset, finding.articles) == (at, 1)
    assert finding.what == "the content of its response record has changed since"


@pytest.mark.parametrize(("ended", "harmless"), [(True, False), (False, True)])
def test_a_file_that_ends_inside_its_last_record_is_harmless_where_its_run_was_killed(
    path: Path, warc: Path, ended: bool, harmless: bool
) -> None:
    os.truncate(warc, warc.stat().st_size - 20)  # the last record is a request
    if not ended:
        change(path, "update runs set ended_at = null")
    report = archive(path)
    [finding] = report.findings
    assert (finding.harmless, report.broken) == (harmless, not harmless)
    assert ("harmless" if harmless else "the file was cut") in finding.what


def test_a_file_that_ends_inside_the_page_of_an_article_is_never_harmless(path: Path, warc: Path) -> None:
    *_, last = offsets(path)
    os.truncate(warc, last + 5000)
    change(path, "update runs set ended_at = null")
    [finding] = archive(path).findings
    assert (finding.offset, finding.articles, finding.harmless) == (last, 1, False)


@pytest.mark.parametrize("end", [0, 5, 18])
def test_a_file_that_hardly_began_is_incomplete(tmp_path: Path, warc: Path, end: int) -> None:
    file = tmp_path / "cut.warc.gz"
    file.write_bytes(warc.read_bytes()[:end])
    with file.open("rb") as stream:
        assert list(read_warc(stream)) == [Damage(0, end, incomplete=True)]


def test_a_file_that_is_not_compressed_is_read_too(tmp_path: Path, warc: Path) -> None:
    file = tmp_path / "plain.warc"
    file.write_bytes(gzip.decompress(warc.read_bytes()))
    with file.open("rb") as stream:
        items = list(read_warc(stream))
    assert [type(item) for item in items] == [Record] * (1 + 2 * COUNT)


def test_what_is_no_warc_at_all_is_damage(path: Path) -> None:
    (path.parent / "archive" / "other.warc.gz").write_bytes(b"hello\n" * 50_000)
    [finding] = archive(path).findings
    assert (finding.file, finding.offset, finding.articles) == ("other.warc.gz", 0, 0)


def test_rows_that_lead_elsewhere_are_found(path: Path) -> None:
    first, second, third, *_ = offsets(path)
    change(path, "update articles set archive_offset = ? where archive_offset = ?", first + 1, first)
    change(path, "update articles set source_url = 'https://world.kbs.co.kr/x' where archive_offset = ?", second)
    change(path, "update articles set archive_offset = 0 where archive_offset = ?", third)
    whats = [finding.what for finding in archive(path).findings]
    assert "rows name it as a response, and it is a warcinfo record" in whats
    assert "rows name it, and no record begins there" in whats
    assert any(what.endswith("and the row says https://world.kbs.co.kr/x") for what in whats)
    assert len(whats) == 3


def test_rows_without_an_archive_are_counted(path: Path) -> None:
    change(path, "update articles set archive_file = null, archive_offset = null where rowid = 1")
    assert found(path).rows.unarchived == 1
    assert archive(path).findings == []


def test_a_file_that_rows_name_and_that_is_not_there_is_found_either_way(path: Path, warc: Path) -> None:
    warc.unlink()
    for report in (archive(path), check_files(warc.parent, found(path).rows)):
        [finding] = report.findings
        assert (finding.file, finding.offset, finding.articles) == (FILE, None, COUNT)


def test_a_quick_look_finds_a_file_that_is_too_short_and_nothing_inside_it(path: Path, warc: Path) -> None:
    *_, before, last = offsets(path)
    with warc.open("r+b") as stream:
        stream.seek(before + 1000)
        stream.write(bytes(100))
    assert check_files(warc.parent, found(path).rows).findings == []
    os.truncate(warc, last)
    [finding] = check_files(warc.parent, found(path).rows).findings
    assert (finding.offset, finding.articles) == (last, 1)


# --- reading only ---


def test_reading_changes_nothing_and_leaves_nothing(path: Path) -> None:
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    found(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["archive", "kbs.db"]


def test_a_database_in_a_folder_that_cannot_be_written_is_read(path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "kbs.db").write_bytes(path.read_bytes())
        (folder / "kbs.db").chmod(0o444)
        folder.chmod(0o555)
        try:
            with _without_privileges():
                assert found(folder / "kbs.db").articles == COUNT
        finally:
            folder.chmod(0o755)


@contextmanager
def _without_privileges() -> Iterator[None]:
    """As a user whom permissions bind."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_what_an_open_crawl_has_stored_is_seen(path: Path) -> None:
    with ArticleStore(path) as store:
        CrawlHistory(store).begin_run("kbs_feeds", {}, NOON)
        assert [run.spider for run in found(path).runs] == ["kbs_feeds", "kbs_news"]


def test_a_database_that_changes_meanwhile_is_read_again(path: Path) -> None:
    calls = []

    def read(db: Database) -> int:
        calls.append(db.table("runs").count)
        if len(calls) == 1:
            with ArticleStore(path) as store:
                CrawlHistory(store).begin_run("kbs_news", {}, NOON)
        return calls[-1]

    assert read_undisturbed(path, read) == 2
    assert calls == [1, 2]


def test_a_database_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    def told(name: str) -> str:
        with pytest.raises(StoreError) as caught:
            found(tmp_path / name)
        return str(caught.value).removeprefix(f"{tmp_path / name} ")

    (tmp_path / "empty.db").touch()
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("create table x (y)")
    for name, until in (("older.db", "m002_what_crawls_remember"), ("newer.db", None)):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            migrations.apply(Database(connection), stop_before=until)
            if until is None:
                connection.execute("update _sqlite_migrations set name = 'm999' where id = 1")
                connection.commit()
    assert told("empty.db") == told("other.db") == "is no database of kbsworld; give KBS_DB the name of one."
    assert told("older.db") == "was made by an older version of kbsworld; any crawl into it upgrades it."
    assert told("newer.db") == "was written by a newer version of kbsworld; upgrade kbsworld to use it."
    assert told("none.db").startswith("There is no database ")
    assert told(".").endswith("is no file; give KBS_DB the name of the article database.")
    assert not (tmp_path / "none.db").exists()
