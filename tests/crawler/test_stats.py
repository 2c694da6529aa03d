"""kbsworld stats, end to end: tables, CSV, JSON, and pictures that are really drawn."""

import csv
import io
import json
import struct
from argparse import ArgumentParser
from pathlib import Path

import pytest
from lxml import etree

from crawler.commands.stats import Command, plot
from storage import ArticleStore
from storage.charts import below_one_another, drawn
from storage.exports import ExportError
from storage.selection import Selection
from storage.statistics import STATISTICS, run
from tests.crawler.conftest import Run
from tests.crawler.scripted import ScriptedSite
from tests.rows import article

HOSTILE = ("<script>alert(1)</script>" * 4000, "\x1b[2J\x00 &amp; <a href='javascript:1'>", "=1+1")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Thirty articles of three months, three of whose categories are hostile."""
    rows = [
        article(
            number,
            category=HOSTILE[number] if number < len(HOSTILE) else ("Politique", "Société")[number % 2],
            written_at=f"2026-{9 + number % 3:02}-{1 + number % 20:02}T{number % 24:02}:00:00+09:00",
            text="Séoul " * 40 if number % 3 else "Tokyo",
        )
        for number in range(30)
    ]
    with ArticleStore(tmp_path / "kbs.db") as store, store.batch():
        store.db.table("articles").insert_all(rows)
    return tmp_path / "kbs.db"


@pytest.mark.usefixtures("database")
def test_the_tables_show_every_number(scrapy: Run) -> None:
    ran = scrapy("stats", "--word", "séoul")
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0].split() == ["articles", "30"]
    assert lines[1].split() == ["editions", "fr", "30"]
    assert lines[3] == "edited      0 times without a new date"
    assert "2026-09-01 to 2026-11-" in lines[4]
    assert [line for line in lines if line and line[0].isupper()] == [
        *("Articles per month by category", "Hours of publication (Korean time)", "Length of the articles"),
        *("Words by edition", "Words over time: séoul", "Layouts over time"),
    ]
    head = next(number for number, line in enumerate(lines) if "Politique" in line)
    assert lines[head].split()[:3] == ["month", "Société", "Politique"]
    assert lines[head + 1].split()[:3] == ["2026-09", "5", "4"]
    assert "\x1b" not in ran.stdout


def test_a_damaged_day_does_nothing_to_the_terminal(scrapy: Run, database: Path) -> None:
    with ArticleStore(database) as store, store.batch():
        store.db.execute("update articles set written_at = ? || written_at where url like '%=7'", ["\x1b[2J"])
    ran = scrapy("stats", "--only", "layouts")
    assert ran.returncode == 0
    assert "[2J2026" in ran.stdout
    assert "\x1b" not in ran.stdout


@pytest.mark.usefixtures("database")
def test_csv_is_one_table_and_no_formula(scrapy: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(scrapy("stats", "--only", "months", "--format", "csv").stdout)))
    assert list(rows[0]) == ["month", "category", "articles"]
    assert sum(int(row["articles"]) for row in rows) == 30
    assert "'=1+1" in {row["category"] for row in rows}


@pytest.mark.usefixtures("database")
def test_json_counts_the_selected_articles(scrapy: Run) -> None:
    selected = ("--since", "2026-10-01", "--category", "politique")
    found = json.loads(scrapy("stats", "--format", "json", "--word", "tokyo", *selected).stdout)
    assert set(found["statistics"]) == {name for name, statistic in STATISTICS.items() if not statistic.coverage}
    assert 0 < found["summary"]["articles"] < 30
    assert {row["category"] for row in found["statistics"]["months"]} == {"Politique"}


def test_each_statistic_can_be_chosen() -> None:
    parser = ArgumentParser()
    Command().add_own_options(parser)
    [only] = [action for action in parser._actions if action.dest == "only"]
    assert list(only.choices or ()) == list(STATISTICS)


@pytest.mark.usefixtures("database")
def test_coverage_is_where_articles_are_from_and_weekdays_without_news(scrapy: Run) -> None:
    ran = scrapy("stats", "--coverage")
    assert (ran.returncode, ran.stderr) == (0, "")
    origins, gaps = ran.stdout.split("\n\n")[1:]
    assert origins.splitlines() == [
        "Articles per month by origin of the first capture",
        *("  month    not archived", "  2026-09            10", "  2026-10            10", "  2026-11            10"),
    ]
    assert [line.split() for line in gaps.splitlines()[1:]] == [
        ["month", "edition", "weekdays", "without", "of", "days"],
        "2026-09 fr 15 22 03 09 11 14 15 17 18 21 22 23 24 25 28 29 30".split(),
        "2026-10 fr 15 22 01 07 12 13 15 16 19 21 22 23 26 27 28 29 30".split(),
        "2026-11 fr 6 13 02 05 11 13 16 17".split(),
    ]


@pytest.mark.usefixtures("database")
def test_gaps_are_a_table_for_programs_too(scrapy: Run) -> None:
    bounds = ("--since", "2026-09-21", "--until", "2026-09-30")
    ran = scrapy("stats", "--only", "gaps", "--format", "csv", *bounds)
    assert ran.stdout == "month,lang,missing,weekdays,days\n2026-09,fr,8,8,all\n"
    # Nothing is stored of these days: that is what is asked.
    lines = scrapy("stats", "--coverage", *bounds).stdout.splitlines()
    assert lines[0] == "No stored article matches."
    assert lines[-1].split() == ["2026-09", "fr", "8", "8", "all"]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--coverage", "--only", "months"), "argument --only: not allowed with argument --coverage"),
        (("--coverage", "--format", "csv"), "CSV is one table; choose it, such as --only months."),
    ],
)
def test_a_wrong_call_is_explained(scrapy: Run, options: tuple[str, ...], told: str) -> None:
    ran = scrapy("stats", *options)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert told in ran.stderr


def test_an_empty_database_is_reported(scrapy: Run, tmp_path: Path) -> None:
    ArticleStore(tmp_path / "kbs.db").close()
    ran = scrapy("stats")
    assert (ran.returncode, ran.stdout) == (0, "No stored article matches.\n")
    picture = tmp_path / "a.svg"
    ran = scrapy("stats", "--plot", str(picture))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "No stored article matches. There is nothing to draw.\n"
    assert not picture.exists()


def test_a_png_of_everything_is_drawn(scrapy: Run, database: Path) -> None:
    picture = database.parent / "all.png"
    ran = scrapy("stats", "--word", "séoul", "--plot", str(picture))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    assert width > 1500
    assert height > 5 * 480


def test_an_svg_has_a_bar_a_row_and_hostile_text_as_text(database: Path, tmp_path: Path) -> None:
    with ArticleStore(database) as store:
        rows = {name: run(store.db, statistic, Selection(), "fr", "séoul") for name, statistic in STATISTICS.items()}
    plot(drawn(STATISTICS["months"], rows["months"], "fr"), tmp_path / "months.svg")
    root = etree.parse(tmp_path / "months.svg").getroot()
    bars = root.findall(f".//{SVG}g[@class='mark-rect role-mark marks']/{SVG}path")
    assert len(bars) == len(rows["months"])
    with ArticleStore(database) as store:
        years = run(store.db, STATISTICS["months"].by_year(), Selection(), "fr")
    plot(drawn(STATISTICS["months"].by_year(), years, "fr"), tmp_path / "years.svg")
    shown = "".join(etree.parse(tmp_path / "years.svg").getroot().itertext())
    assert "Articles par année et par catégorie" in shown
    assert "mois" not in shown
    every = [drawn(statistic, rows[name], "fr", "<séoul>") for name, statistic in STATISTICS.items()]
    plot(below_one_another(every, "fr"), tmp_path / "all.svg")
    root = etree.parse(tmp_path / "all.svg").getroot()
    names = {etree.QName(element).localname for element in root.iter(etree.Element)}
    assert not {"script", "foreignObject", "image", "a", "use"} & names
    attributes = {key for element in root.iter(etree.Element) for key in element.attrib}
    assert not [key for key in attributes if "href" in key or key.startswith("on")]
    texts = [text for text in root.itertext() if text.strip()]
    assert "<script>alert(1)</script><scr…" in texts
    assert "Des mots au fil du temps – <séoul>" in texts
    assert max(map(len, texts)) < 100


def test_a_failed_picture_leaves_what_was_there(tmp_path: Path) -> None:
    picture = tmp_path / "a.svg"
    picture.write_text("as it was")
    with pytest.raises(ExportError, match=r"a\.svg cannot be drawn \(.+\)\.$"):
        plot({"mark": "no such mark"}, picture)
    assert picture.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [picture]


def test_nothing_is_fetched_to_draw(site: ScriptedSite, tmp_path: Path) -> None:
    encoding = {"x": {"field": "a", "type": "quantitative"}}
    with pytest.raises(ExportError, match="not allowed"):
        plot({"data": {"url": f"{site.base_url}/rows.json"}, "mark": "bar", "encoding": encoding}, tmp_path / "a.svg")
    assert site.requests == []
