"""A file for each article with its text alone, as concordancers read them, and `metadata.csv` beside them."""

import csv
from collections.abc import Iterable
from pathlib import Path

from storage.exports import Exported, name_of
from storage.exports.csv_table import HEADER, cells
from storage.selection import NEWEST, Selection

_METADATA = tuple(name for name in HEADER if name != "text")


def write(articles: Iterable[Exported], folder: Path, selection: Selection = NEWEST) -> None:
    """Write articles, no two of one url and (of all versions) timestamp, into an empty folder."""
    with (folder / "metadata.csv").open("x", encoding="utf-8", errors="replace", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", *_METADATA))
        for article in articles:
            name = f"{name_of(article.row, version=selection.all_versions)}.txt"
            with open(f"{folder}/{name}", "wb") as text:  # noqa: PTH123 - a Path takes longer
                text.write(f"{article.row['text']}\n".encode())
            table.writerow([name, *cells(article.row, _METADATA)])
