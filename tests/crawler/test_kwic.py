"""kbsworld kwic and the options that select, on a crawl of the replica, against a naive search in its export."""

import csv
import io
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extractors.article import KST
from storage import ArticleStore
from storage.query import unaccented
from tests.crawler.conftest import Run, crawl_replica
from tests.crawler.prepared import CHECKOUT, prepared
from tests.crawler.test_command import in_shell
from tests.replica import Replica
from tests.rows import article


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a crawl of news and features in two editions."""
    return crawl_replica(tmp_path_factory.mktemp("kwic"), "kbs_news", "kbs_features", lang="f,e")


@pytest.fixture(scope="module")
def articles(crawled: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in called(crawled, "export").splitlines()]


def called(database: Path, *arguments: str) -> str:
    """What a command prints."""
    run = prepared().run(arguments[0], "--db", str(database), *arguments[1:])
    assert run.returncode == 0, run.stderr
    return run.stdout


def places(database: Path, *arguments: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(called(database, "kwic", "--format", "csv", *arguments))))


def naive(articles: list[dict[str, Any]], pattern: str) -> list[tuple[str, str, str]]:
    """Address, part and match of each place, by a regular expression on texts without accents and capitals."""
    found = []
    for each in articles:
        for part in ("title", "text"):
            text = each[part] or ""
            assert len(unaccented(text)) == len(text)
            spans = (match.span() for match in re.finditer(rf"\b(?:{pattern})\b", unaccented(text)))
            found += [(each["url"], part, " ".join(text[start:end].split())) for start, end in spans]
    return found


@pytest.mark.parametrize(
    ("query", "pattern"),
    [
        ("coree", "coree"),
        ("Sommet", "sommet"),
        ('"tenue d\'un sommet"', r"tenue d\W+un sommet"),
        ("mini*", r"mini\w*"),
        ('seoul OR "etats unis"', r"seoul|etats\Wunis"),
        ("'summit' OR sommet", "summit|sommet"),
    ],
)
def test_every_place_is_printed_in_order_and_counted(
    crawled: Path, articles: list[dict[str, Any]], query: str, pattern: str
) -> None:
    wanted = naive(articles, pattern)
    assert len(wanted) > 5
    found = places(crawled, query)
    assert [(line["url"], line["part"], line["match"]) for line in found] == wanted
    texts = {each["url"]: each for each in articles}
    for line in found:
        whole = " ".join(f"{texts[line['url']][line['part']]}".split())
        cell = re.compile(r"\A'(?=[=+@-])")  # formulas are disarmed
        left, right = (cell.sub("", line[side]) for side in ("left", "right"))
        assert f"{left} {line['match']}".strip().replace(" ", "") in whole.replace(" ", "")
        assert f"{line['match']} {right}".strip().replace(" ", "") in whole.replace(" ", "")
        assert max(len(left.split()), len(right.split())) <= 8
    counted = json.loads(called(crawled, "stats", "--only", "word", "--word", query, "--format", "json"))
    assert sum(row["occurrences"] for row in counted["statistics"]["word"]) == len(wanted)


def test_lines_are_sorted_by_what_is_beside_the_match(crawled: Path) -> None:
    for side, step in (("left", -1), ("right", 1)):
        keys = [
            re.findall(r"[^\W_]+", unaccented(line[side]))[::step] for line in places(crawled, "sommet", "--sort", side)
        ]
        assert keys == sorted(keys)
        assert len(keys) == len(places(crawled, "sommet"))


@pytest.mark.parametrize(
    ("query", "pattern"),
    [("Corée", "Corée"), ("S*", r"S\w*"), ('"Banque de Corée"', "Banque de Corée"), ("Corée -sommet", "Corée")],
)
def test_exact_counts_accents_and_capitals(
    crawled: Path, articles: list[dict[str, Any]], query: str, pattern: str
) -> None:
    without = "sommet" if "-" in query else "no such word"
    texts = [each for each in articles if without not in unaccented(f"{each['title']} {each['text']}")]
    wanted = [
        (each["url"], match)
        for each in texts
        for part in ("title", "text")
        for match in re.findall(rf"\b{pattern}\b", each[part])
    ]
    assert len(wanted) > 3
    assert [(line["url"], line["match"]) for line in places(crawled, "--exact", "--", query)] == wanted


def test_nothing_found_is_status_1(crawled: Path) -> None:
    run = prepared().run("kwic", "--exact", "corée", "--db", str(crawled))
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("Nothing is found for corée; try fewer words")


def test_the_same_options_select_the_same_articles(crawled: Path, articles: list[dict[str, Any]]) -> None:
    options = ["--lang", "fr", "--kind", "news", "--since", "2026-11", "--until", "2026", "--layout", "news"]
    options += ["--category", "politique", "--category", "INTERNATIONAL", "--order", "newest"]
    wanted = [
        each["url"]
        for each in reversed(articles)
        if each["lang"] == "fr" and each["category"] in {"Politique", "International"} and each["layout"] == "news"
        if "sommet" in unaccented(f"{each['title']} {each['text']}")
    ]
    assert 3 < len(wanted) < len(articles) / 3
    exported = [
        json.loads(line)["url"] for line in called(crawled, "export", "--query", "sommet", *options).splitlines()
    ]
    assert exported == wanted
    hits = called(crawled, "search", "--query", "sommet", *options, "--format", "json", "--limit", "99").splitlines()
    assert [json.loads(line)["url"] for line in hits] == wanted
    assert list(dict.fromkeys(line["url"] for line in places(crawled, "sommet", *options))) == wanted
    summary = json.loads(called(crawled, "stats", "--query", "sommet", *options, "--format", "json"))["summary"]
    assert (summary["articles"], summary["editions"]) == (len(wanted), f"fr {len(wanted)}")
    three = called(crawled, "export", "--query", "sommet", *options, "--limit", "3").splitlines()
    assert [json.loads(line)["url"] for line in three] == wanted[:3]


def test_articles_are_named_in_a_file_and_on_standard_input(crawled: Path, articles: list[dict[str, Any]]) -> None:
    urls = [each["url"] for each in articles if (each["kind"], each["lang"]) == ("news", "fr")][:3]
    lines = f"# chosen\n{urls[0].rpartition('=')[2]}\n\n{urls[2].replace('world.', 'rki.')}\n"
    (crawled.parent / "ids.txt").write_text(lines)
    for call in ("--ids ids.txt", "--ids - --ids - < ids.txt", f"--url {urls[0].rpartition('=')[2]} --url '{urls[2]}'"):
        run = in_shell(crawled, f"kbsworld export --lang fr {call}")
        assert {json.loads(line)["url"] for line in run.stdout.splitlines()} == {urls[0], urls[2]}, run.stderr


def test_periods_are_days_months_years_and_times_ago_in_korea(tmp_path: Path) -> None:
    today = datetime.now(KST)
    ages = (0, 6, 7, 8, 14, 15, 80, 100)
    times = [(today - timedelta(days=age)).isoformat(timespec="seconds") for age in ages]
    with ArticleStore(tmp_path / "kbs.db") as store, store.batch():
        rows = (article(age, timestamp=time, written_at=time) for age, time in zip(ages, times, strict=True))
        store.db.table("articles").insert_all(rows)

    def since(*options: str) -> set[int]:
        lines = called(tmp_path / "kbs.db", "export", *options).splitlines()
        return {int(json.loads(line)["url"].rpartition("=")[2]) for line in lines}

    assert since("--since", "7d") == {0, 6, 7}
    assert since("--since", "2w") == {0, 6, 7, 8, 14}
    assert since("--since", "3m") == set(ages) - {100}
    assert since("--until", "2w") == {14, 15, 80, 100}
    month = today.strftime("%Y-%m")
    assert since("--since", month, "--until", month) == {
        age for age, time in zip(ages, times, strict=True) if time.startswith(month)
    }


def test_hostile_texts_are_lines_and_cells(tmp_path: Path) -> None:
    texts = ["\x1b[2J\x02 =1+1\u202e Busan \x03\x1b]0;pris\x07", f"{'a' * 1_000_000} Busan {'b' * 1_000_000}"]
    with ArticleStore(tmp_path / "kbs.db") as store, store.batch():
        store.db.table("articles").insert_all(article(number, text=text) for number, text in enumerate(texts))
    text = called(tmp_path / "kbs.db", "kwic", "busan")
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
    assert len(text) < 1000
    assert len({line.index("Busan") for line in text.splitlines()}) == 1
    first, second = places(tmp_path / "kbs.db", "busan", "--context", "1")
    assert (first["left"], first["match"]) == ("'=1+1\u202e", "Busan")
    assert len(second["left"]) + len(second["right"]) < 200


def test_the_readme_shows_what_is_printed(tmp_path: Path, crawl: Run, replica: Replica) -> None:
    assert crawl("kbs_news", KBS_BASE_URL=replica.base_url).returncode == 0  # as make demo does
    text = (CHECKOUT / "storage/README.md").read_text("utf-8").partition("\n## Exports")[0]
    examples = re.findall(r"^\$ (kbsworld (?:export|kwic|stats) [^\n]+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(examples) == 4
    for call, shown in examples:
        run = in_shell(tmp_path / "kbs.db", call)
        printed, wanted = run.stdout or run.stderr, shown
        lines = [[line for line in each.splitlines() if "last crawl" not in line] for each in (printed, wanted)]
        assert lines[0] == lines[1]
