"""DATA.md and the README against the code they describe."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from sqlite_utils import Database

from extractors import Article
from extractors.layout import GENERIC, LAYOUTS
from storage.schema import migrations

CHECKOUT = Path(__file__).parents[1]
DATA = (CHECKOUT / "storage/DATA.md").read_text("utf-8")
README = (CHECKOUT / "README.md").read_text("utf-8")


def documented(text: str, heading: str) -> list[str]:
    """The names in the first column of the table under a heading."""
    section = re.split(r"^##+ ", text, flags=re.MULTILINE)
    [body] = [part for part in section if part.startswith(heading + "\n")]
    cells = re.findall(r"^\| (`[^|]+) \|", body, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def columns(table: str) -> list[str]:
    database = Database(memory=True)
    migrations.apply(database)
    return list(database.table(table).columns_dict)


def test_every_field_of_an_article_is_documented_in_order() -> None:
    assert documented(DATA, "Article") == [field.name for field in fields(Article)]


def test_every_column_is_documented_and_no_other() -> None:
    assert [*documented(DATA, "Article"), *documented(DATA, "Table `articles`")] == columns("articles")
    tables = ("catalogue", "articles_fts", "replaced", "refusals", "runs", "lists", "missing", "card_dates", "payloads")
    for table in (*tables, "reextraction_files", "reextraction_payloads", "reextraction_revisits"):
        assert documented(DATA, f"Table `{table}`") == columns(table)


def test_every_view_is_documented() -> None:
    database = Database(memory=True)
    migrations.apply(database)
    assert all(f"`{view}`" in DATA for view in database.view_names())


def test_the_readmes_dictionary_names_every_column() -> None:
    assert sorted(documented(README, "What is stored")) == sorted(columns("articles"))


def test_every_layout_is_documented() -> None:
    for name in [*(layout.name for layout in LAYOUTS), GENERIC, "text"]:
        assert f"`{name}`" in DATA


def test_the_readmes_example_runs() -> None:
    [example] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    run = subprocess.run([sys.executable, "-c", example], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Washington se déclare prêt")


def test_the_readmes_table_of_targets_is_the_makefiles() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", README)) <= targets
    assert targets - {"help"} <= set(re.findall(r"\bmake ([a-z]+)", README))
