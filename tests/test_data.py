"""The documents against the code that they describe."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler import settings
from extractors import Article
from extractors.layout import GENERIC, LAYOUT_NAMES, TEXT
from storage.schema import migrations

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text("utf-8")
DATA = (CHECKOUT / "storage/DATA.md").read_text("utf-8")
#: What a user of the command reads.
MANUAL = README + "".join(path.read_text("utf-8") for path in CHECKOUT.glob("crawler/README.md"))
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("[a-z]*/*.md")])
#: Tables that SQLite's full-text search and the migrations keep for themselves.
INTERNAL = re.compile(r"sqlite_|_|articles_fts_")


@pytest.fixture(scope="module")
def database() -> Database:
    database = Database(memory=True)
    migrations.apply(database)
    return database


def documented(heading: str) -> list[str]:
    """The names in the first column of the table below a heading of DATA.md."""
    [section] = [part for part in re.split(r"^##+ ", DATA, flags=re.MULTILINE) if part.startswith(heading + "\n")]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.*)", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_column_is_documented_in_order(database: Database) -> None:
    article = [field.name for field in fields(Article)]
    assert documented("Article") == article
    tables = [table for table in database.table_names() if not INTERNAL.match(table)]
    assert len(tables) > 10
    for table in tables:
        own = documented(f"Table `{table}`")
        assert (article + own if table == "articles" else own) == list(database.table(table).columns_dict), table


def test_every_view_and_layout_is_documented(database: Database) -> None:
    names = [*database.view_names(), *LAYOUT_NAMES, GENERIC, TEXT]
    assert [name for name in names if f"`{name}`" not in DATA] == []


def test_every_setting_is_documented() -> None:
    assert [name for name in vars(settings) if name.startswith("KBS_") and f"`{name}`" not in MANUAL] == []


def test_every_spider_and_command_is_documented() -> None:
    spiders = [path.stem for path in CHECKOUT.glob("crawler/spiders/kbs_*.py")]
    assert [name for name in spiders if f"`{name}`" not in MANUAL] == []
    commands = [path.stem for path in CHECKOUT.glob("crawler/commands/[a-z]*.py")]
    assert [name for name in commands if not re.search(rf"(kbsworld|scrapy) {name}\b", MANUAL)] == []


def test_the_readmes_example_runs() -> None:
    example = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    run = subprocess.run([sys.executable, "-c", example], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Washington se déclare prêt")


def test_every_target_of_make_is_documented() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE))
    texts = README + (CHECKOUT / "tests/README.md").read_text("utf-8")
    named = set(re.findall(r"(?:`|^|&& )make ([a-z-]+)", texts, re.MULTILINE))
    assert named == targets - {"help"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_links_lead_to_files_and_headings(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]*))?\)", document.read_text("utf-8"))
    for path, anchor in links:
        target = document.parent / path if path else document
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"
