"""`scrapy reextract --to` and `scrapy import`: the same rows by way of files."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from storage.parquet import read_rows, table_of, write_rows
from tests.crawler.cluster import archive, begin, cluster, held_in_the_middle, rows, run

CAPTURES = 400


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("captures"), CAPTURES)


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory, captures: Path) -> dict[str, list[Any]]:
    """What goes into the database without files between."""
    database = tmp_path_factory.mktemp("direct") / "kbs.db"
    assert run(database, "reextract", str(captures))[0] == 0
    return rows(database)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, captures: Path) -> Path:
    """A folder that was written."""
    folder = tmp_path_factory.mktemp("written") / "out"
    status, said = run(folder.parent / "kbs.db", "reextract", str(captures), "--to", str(folder))
    assert status == 0, said
    assert "  new               390\n" in said
    assert "  refused            10\n" in said
    assert not (folder.parent / "kbs.db").exists()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _stored(database: Path, *paths: Path) -> dict[str, list[Any]]:
    status, said = run(database, "import", *map(str, paths))
    assert status == 0, said
    return rows(database)


def test_the_folder_holds_the_rows_in_order_and_nothing_else(written: Path, direct: dict[str, list[Any]]) -> None:
    assert names(written) == ["articles-00001.parquet", "refusals-00001.parquet"]
    for table, file in (("articles", "articles-00001.parquet"), ("refusals", "refusals-00001.parquet")):
        found = [tuple(row.values()) for row in read_rows(written / file, table)]
        assert sorted(found, key=repr) == direct[table]
        assert [row[:2] for row in found] == sorted(row[:2] for row in found)
    with duckdb.connect() as db:
        assert db.read_parquet(f"{written}/articles-*.parquet").count("*").fetchall() == [(390,)]


def test_imported_it_is_what_is_stored_without_files(
    written: Path, direct: dict[str, list[Any]], tmp_path: Path
) -> None:
    assert _stored(tmp_path / "kbs.db", written) == direct
    status, said = run(tmp_path / "kbs.db", "import", str(written))
    assert status == 0
    assert said.startswith("import: 400 rows, ")
    assert "  new                 0\n" in said
    assert "  unchanged         390\n" in said
    assert rows(tmp_path / "kbs.db") == direct


def test_a_cluster_writes_the_same(captures: Path, direct: dict[str, list[Any]], tmp_path: Path) -> None:
    with cluster(2) as begun:
        call = ("reextract", str(captures), "--to", str(tmp_path / "out"), "--scheduler", begun.address)
        process = begin(tmp_path / "kbs.db", *call)
        with held_in_the_middle(tmp_path / "out/unfinished/state.db", "reextractions"):
            begun.workers[0].kill()
            assert begun.workers[0].wait(10) == -signal.SIGKILL
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, said
    assert _stored(tmp_path / "kbs.db", tmp_path / "out") == direct


def test_killed_it_goes_on_where_it_stopped(captures: Path, direct: dict[str, list[Any]], tmp_path: Path) -> None:
    call = ("reextract", str(captures), "--to", str(tmp_path / "out"))
    process = begin(tmp_path / "kbs.db", *call)
    with held_in_the_middle(tmp_path / "out/unfinished/state.db", "reextractions"):
        process.kill()
        process.communicate()
    # As if the kill had come between a part's new name and the note of it.
    taken = sorted((tmp_path / "out/unfinished/parts").iterdir())
    shutil.copy(taken[0], taken[0].with_name(f"{len(taken):08}-refusals.parquet"))
    (tmp_path / "out/unfinished/new/half-articles.parquet").write_bytes(b"PAR1")

    status, said = run(tmp_path / "kbs.db", "import", str(tmp_path / "out"))
    assert status == 1
    assert said == f"{tmp_path}/out is not finished; the same call of scrapy reextract --to goes on with it.\n"
    status, said = run(tmp_path / "kbs.db", "reextract", str(captures), "--max", "1")
    assert status == 2
    status, said = run(tmp_path / "kbs.db", "reextract", str(captures / names(captures)[0]), *call[2:])
    assert status == 1
    assert said.splitlines()[-1].startswith(f"{tmp_path}/out holds an interrupted re-extraction of something else")

    status, said = run(tmp_path / "kbs.db", *call)
    assert status == 0, said
    assert "Going on where this was interrupted" in said
    assert "400 pages" in said
    assert _stored(tmp_path / "kbs.db", tmp_path / "out") == direct


def test_killed_while_parts_come_together(captures: Path, direct: dict[str, list[Any]], tmp_path: Path) -> None:
    call = ("reextract", str(captures), "--to", str(tmp_path / "out"))
    process = begin(tmp_path / "kbs.db", *call)
    with held_in_the_middle(tmp_path / "out/unfinished/state.db", "articles") as stored:
        assert stored < CAPTURES / 2
        process.kill()
        process.communicate()
    # As if it had been killed while the files were moved.
    shutil.copy(next((tmp_path / "out/unfinished/parts").iterdir()), tmp_path / "out/articles-00001.parquet")
    status, said = run(tmp_path / "kbs.db", *call)
    assert status == 0, said
    assert "  new               390\n" in said
    assert _stored(tmp_path / "kbs.db", tmp_path / "out") == direct


def test_restart_begins_anew(captures: Path, direct: dict[str, list[Any]], tmp_path: Path) -> None:
    call = ("reextract", str(captures), "--to", str(tmp_path / "out"))
    process = begin(tmp_path / "kbs.db", *call)
    with held_in_the_middle(tmp_path / "out/unfinished/state.db", "reextractions"):
        process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=30)[1].endswith("Interrupted; the same call goes on from here.\n")
    status, said = run(tmp_path / "kbs.db", *call, "--restart")
    assert status == 0, said
    assert "Going on" not in said
    assert _stored(tmp_path / "kbs.db", tmp_path / "out") == direct


def test_a_folder_in_use_is_left_alone(written: Path, captures: Path, tmp_path: Path) -> None:
    before = names(written), names(captures)
    status, said = run(tmp_path / "kbs.db", "reextract", str(captures), "--to", str(written))
    assert (status, said) == (1, f"{written} is not empty; give --to a folder of its own.\n")
    status, said = run(tmp_path / "kbs.db", "reextract", str(captures), "--to", str(captures))
    assert (status, said) == (2, f"--to {captures} is inside of {captures}, which is read; name another folder.\n")
    assert (names(written), names(captures)) == before
    file = tmp_path / "file"
    file.write_text("here")
    status, said = run(tmp_path / "kbs.db", "reextract", str(captures), "--to", str(file))
    assert (status, said) == (1, f"{file} cannot be read (Not a directory); --to needs a folder.\n")
    status, said = run(tmp_path / "kbs.db", "reextract", str(captures), "--to", "/proc/out")
    assert status == 1
    assert said == "/proc/out cannot be written (No such file or directory); --to needs a folder.\n"
    assert run(tmp_path / "kbs.db", "reextract", str(captures), "--to", str(file), "--dry-run")[0] == 2


def test_what_cannot_be_imported_is_told(written: Path, tmp_path: Path) -> None:
    database, file = tmp_path / "kbs.db", tmp_path / "page.html"
    file.write_text("<html>")
    half, so = tmp_path / "half", "writes so.\n"
    half.write_bytes(b"PAR1")
    for arguments, status, said in (
        ([], 2, "Name at least one Parquet file or JSON Lines, or a folder of them.\n"),
        (["--all"], 2, "There is no option --all; scrapy import --help names them.\n"),
        ([str(tmp_path / "none")], 1, f"{tmp_path}/none: no such file or folder.\n"),
        (
            [str(tmp_path)],
            1,
            f"There is no Parquet file in {tmp_path}, and no .jsonl; name the files, or a folder that holds them.\n",
        ),
        (
            [str(written), str(file)],
            1,
            f"{file} is neither Parquet nor JSON Lines; import takes what scrapy export {so}",
        ),
        ([str(written), str(half)], 1, f"{half} is no Parquet file, or its end is missing.\n"),
    ):
        assert run(database, "import", *arguments) == (status, said)
    assert not database.exists()


def test_rows_of_others_are_looked_at(written: Path, direct: dict[str, list[Any]], tmp_path: Path) -> None:
    table, count = table_of(written / "articles-00001.parquet")
    found = list(read_rows(written / "articles-00001.parquet", table))
    found[5]["fetched_at"] = "yesterday"
    write_rows(tmp_path / "a.parquet", table, found)
    found[5] |= {"fetched_at": "2026-11-21T09:00:00+09:00", "paragraphs": "text"}
    write_rows(tmp_path / "b.parquet", table, found[:6])
    status, said = run(
        tmp_path / "kbs.db", "import", str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), str(written)
    )
    assert status == 1
    assert f"damaged: {tmp_path}/a.parquet, row 6: fetched_at must be a time with its zone\n" in said
    assert f"damaged: {tmp_path}/b.parquet, row 6: paragraphs must be a list of text as JSON\n" in said
    assert "  new               390\n" in said
    assert "  damaged             2\n" in said
    assert count == 390
    assert rows(tmp_path / "kbs.db") == direct
