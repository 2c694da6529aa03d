"""What a worker does for `--to`: a part of a source in, Parquet files out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from crawler.reextract.work import Extracted, extract_part
from storage.parquet import ParquetError, read_rows, write_rows
from storage.sources.base import Part
from storage.versions import Row

#: Beside the columns of a refusal: the address of the article that was not found.
ARTICLE_URL = "article_url"


@dataclass(slots=True)
class Written(Extracted):
    """What became of a part whose rows stand in files.

    Attributes:
        stem: what the names of its files begin with.
        tables: of which there are rows.
        rows: how many there are.
    """

    stem: str = ""
    tables: tuple[str, ...] = ()
    rows: int = 0

    @property
    def pages(self) -> int:
        """How many pages of the site were read."""
        return self.rows


def extract_to_part(part: Part, max_page: int, base_url: str, folder: Path) -> Written:
    """Do as `extract_part` does, and leave the rows in files of the folder.

    Raises:
        ParquetError: they cannot be written.
        ImportError: pyarrow is missing.
    """
    done = extract_part(part, max_page, base_url)
    if not folder.is_dir():
        raise ParquetError(f"{folder} is not there for a worker; all need the folder of --to under the same path.")
    stem, tables = uuid4().hex, []
    if done.articles:
        tables.append("articles")
        write_rows(part_file(folder, stem, "articles"), "articles", done.articles)
    if done.refusals:
        tables.append("refusals")
        rows = ({**row, ARTICLE_URL: url} for row, url in done.refusals)
        write_rows(part_file(folder, stem, "refusals"), "refusals", rows, extra=[ARTICLE_URL])
    return Written(
        revisits=done.revisits,
        wounds=done.wounds,
        payloads=done.payloads,
        others=done.others,
        seam=done.seam,
        stem=stem,
        tables=tuple(tables),
        rows=done.pages,
    )


def read_part(folder: Path, stem: str) -> Written:
    """The rows of a part's files; its pages were counted when it was taken."""
    articles, refusals = (part_file(folder, stem, table) for table in ("articles", "refusals"))
    read = Written(stem=stem)
    if articles.exists():
        read.articles = list(read_rows(articles, "articles", nulls=["timestamp"]))
    if refusals.exists():
        read.refusals = list(map(_refusal, read_rows(refusals, "refusals", extra=[ARTICLE_URL])))
    return read


def part_file(folder: Path, stem: str, table: str) -> Path:
    """The file of a part's rows of `table`."""
    return folder / f"{stem}-{table}.parquet"


def _refusal(row: Row) -> tuple[Row, str]:
    url = row.pop(ARTICLE_URL)
    return row, url
