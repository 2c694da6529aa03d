"""`--to FOLDER`: workers write Parquet files, which at the end become what the database would hold."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from crawler.reextract.part_files import Written, extract_to_part, part_file, read_part
from crawler.reextract.sinks import StoreSink
from crawler.reextract.work import Extracted
from storage import ArticleStore
from storage.archive import Location
from storage.parquet import TABLES, ParquetError, require_pyarrow, write_files
from storage.reextraction import Position, Reextraction
from storage.sources.base import Revisit
from storage.versions import Row

#: What is in the folder until it is finished.
UNFINISHED = "unfinished"


class ParquetSink(StoreSink):
    """A folder of Parquet files.

    Until it is finished, its folder `unfinished` holds: `state.db`, an article database, in which parts are brought
    together under its own rules; `new`, what workers wrote; `parts`, what was taken of that, numbered in order; `out`,
    the files to be. A part is taken by the number that the state in the database counts to: what was killed in between
    is overwritten by the same run when it goes on.
    """

    def __init__(self, folder: Path, database: str | Path, call: str, max_page: int, base_url: str) -> None:
        """The folder, made where it is missing.

        Args:
            folder: the folder.
            database: KBS_DB, where sources and payloads are looked up, if there is one.
            call: as of StoreSink.
            max_page, base_url: as of extract_part.

        Raises:
            OSError: it holds something else, or cannot be written; the message is a sentence.
            ImportError: pyarrow is missing.
        """
        require_pyarrow("--to")
        self._folder = folder
        self._work = folder / UNFINISHED
        self._call = call
        self._extract = partial(extract_to_part, max_page=max_page, base_url=base_url, folder=self._work / "new")
        self._check_holds_nothing_else()
        self._begin()
        known = Path(database).expanduser()
        self._known = ArticleStore(known) if str(database).strip() and known.is_file() else None

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        if self._known is not None:
            self._known.close()

    @property
    def db(self) -> Database:
        """The database that sources are looked up in: KBS_DB, where there is one."""
        return super().db if self._known is None else self._known.db

    def position(self) -> Position | None:
        """Where the same re-extraction was interrupted, if it was.

        Raises:
            FileExistsError: another one was, in this folder.
        """
        others = "select 1 from reextractions where call != ?"
        if self._store.db.execute(others, [self._call]).fetchone():
            raise FileExistsError(
                f"{self._folder} holds an interrupted re-extraction of something else, or by other code; call that "
                "again, or give --restart to begin anew."
            )
        return super().position()

    def begin_anew(self) -> None:
        """Forget an interrupted re-extraction."""
        self._store.close()
        shutil.rmtree(self._work)
        self._begin()

    def take(self, extracted: Extracted, position: tuple[str, str]) -> None:
        """Keep the files of a part: give them its number, and note that in the database.

        Args:
            extracted: what it held.
            position: the source, and the cursor behind the part.
        """
        if isinstance(extracted, Written) and extracted.tables:
            self._number(extracted)
        super().take(extracted, position)

    def original(self, revisit: Revisit) -> Location | None:
        """Where the payload of a revisit stands, if that is known."""
        found = super().original(revisit)
        return found or (Reextraction(self._known.db, self._call).original(revisit) if self._known else None)

    def finish(self) -> None:
        """All was read: bring the parts together, write the files, and leave nothing else."""
        self.store()
        parts = self.counts["parts"]
        print(f"All is read; {parts} parts become Parquet files in {self._folder} ...", file=sys.stderr)
        for number in range(self.counts["together"], parts):
            self.counts["together"] = number + 1
            super().take(self._read(number), (self._position.source, self._position.cursor))
        self.store()
        out = _emptied(self._work / "out")
        for table in TABLES:
            write_files(out, table, self._rows(table))
        for file in sorted(out.iterdir()):
            file.replace(self._folder / file.name)
        self._store.close()
        # A worker may be at a part that another one did meanwhile.
        shutil.rmtree(self._work, ignore_errors=True)

    def _begin(self) -> None:
        try:
            (self._work / "parts").mkdir(parents=True, exist_ok=True)
            _emptied(self._work / "new")
        except OSError as error:
            raise ParquetError(f"{self._folder} cannot be written ({error.strerror}); --to needs a folder.") from error
        super().__init__(self._work / "state.db", self._call, self._extract)

    def _check_holds_nothing_else(self) -> None:
        """Raise where the folder is in use for something."""
        try:
            names = {entry.name for entry in self._folder.iterdir()}
        except FileNotFoundError:
            return
        except OSError as error:
            raise ParquetError(f"{self._folder} cannot be read ({error.strerror}); --to needs a folder.") from error
        is_ours = UNFINISHED in names and all(
            name == UNFINISHED or (name.startswith(tuple(TABLES)) and name.endswith(".parquet")) for name in names
        )
        if names and not is_ours:
            raise FileExistsError(f"{self._folder} is not empty; give --to a folder of its own.")

    def _number(self, written: Written) -> None:
        """Take a part's files from those that workers wrote."""
        stem = _stem(self.counts["parts"])
        for table in TABLES:
            target = part_file(self._work / "parts", stem, table)
            target.unlink(missing_ok=True)
            if table in written.tables:
                try:
                    part_file(self._work / "new", written.stem, table).replace(target)
                except FileNotFoundError as error:
                    raise ParquetError(
                        f"What a worker wrote to {self._folder} is not there: workers need the same folder, shared, "
                        "not one of the same name."
                    ) from error
        self.counts["parts"] += 1

    def _read(self, number: int) -> Written:
        read = read_part(self._work / "parts", _stem(number))
        if not read.articles and not read.refusals:
            raise ParquetError(f"Part {number} in {self._work} is gone; give --restart to begin anew.")
        return read

    def _rows(self, table: str) -> Iterator[Row]:
        """All rows of a table in the order of its key."""
        key = "timestamp" if table == "articles" else "fetched_at"
        return self._store.db.query(f"select * from {table} order by url, {key}")  # noqa: S608


def _stem(number: int) -> str:
    return f"{number:08}"


def _emptied(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    return folder
