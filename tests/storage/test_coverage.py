"""Where the stored articles are from, and the weekdays without news, against a naive count in Python."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from extractors.address import EDITIONS, site_url
from storage import ArticleStore
from storage.crawl_state import Coverage, CrawlState
from storage.selection import NEWEST, Selection
from storage.statistics import STATISTICS, run
from storage.versions import Row
from tests.rows import article

ORIGINS = {
    "site": ("kbs_news-20261124T000000000000Z-1.warc.gz", "kbs_days-20261124T000000000000Z-1.warc.gz"),
    "Common Crawl": ("kbs_commoncrawl-20261124T000000000000Z-1.warc.gz",),
    "Wayback Machine": ("kbs_wayback-20261124T000000000000Z-1.warc.gz",),
    "own files": (
        "/media/old/kbs_news-1.warc.gz",
        "/media/kbs_wayback-1.wacz!archive/data.warc.gz",
        "kbs-2009.warc.gz",
    ),
    "not archived": (None,),
}
FILES = [(origin, file) for origin, files in ORIGINS.items() for file in files]
FIRST, LAST = date(2008, 12, 1), date(2009, 5, 20)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArticleStore]:
    with ArticleStore(tmp_path / "kbs.db") as store:
        yield store


def insert(store: ArticleStore, *rows: Row) -> None:
    with store.batch():
        store.db.table("articles").insert_all(rows)


def news(number: int, day: date, **values: object) -> Row:
    return article(number, written_at=f"{day}T09:00:00+09:00", timestamp=f"{day}T09:00:00+09:00", **values)


def test_each_article_counts_once_where_its_earliest_capture_is_from(store: ArticleStore) -> None:
    random = Random(17)
    rows, naive = [], Counter[tuple[str, str]]()
    for number in range(200):
        month = f"20{random.randrange(8, 11):02}-{random.randrange(1, 13):02}"
        moments = random.sample(range(10_000), k=random.randint(1, 4))
        captures = [
            (datetime(2011, 1, 1, tzinfo=UTC) + timedelta(hours=hours), *random.choice(FILES)) for hours in moments
        ]
        naive[month, min(captures)[1]] += 1
        for version, (moment, _, file) in enumerate(captures):  # the versions' order is not that of their captures
            rows.append(
                article(
                    number,
                    written_at=f"{month}-03T09:00:00+09:00",
                    timestamp=f"{month}-03T1{version}:00:00+09:00",
                    fetched_at=moment.isoformat(timespec="microseconds"),
                    archive_file=file,
                )
            )
    random.shuffle(rows)
    insert(store, *rows)
    found = run(store.db, STATISTICS["origins"], NEWEST)
    assert {(row["month"], row["origin"]): row["articles"] for row in found} == naive
    assert {row["origin"] for row in found} == set(ORIGINS)
    in_french = run(store.db, STATISTICS["origins"], NEWEST, "fr")
    assert {row["origin"] for row in in_french} >= {
        "site",
        "Common Crawl",
        "Wayback Machine",
        "fichiers",
        "sans archive",
    }


def fill(store: ArticleStore) -> dict[str, set[date]]:
    """Two editions with news on some days, of which a quarter are updated later; the days with news."""
    random = Random(18)
    days = [FIRST + timedelta(number) for number in range((LAST - FIRST).days + 1)]
    with_news = {}
    rows: list[Row] = []
    for edition, lang in (("f", "fr"), ("e", "en")):
        kept = {FIRST, LAST, *(day for day in days if random.random() < 0.6 and not (lang == "fr" and day.month == 2))}
        with_news[lang] = kept
        for day in sorted(kept):
            url = f"https://world.kbs.co.kr/service/news_view.htm?lang={edition}&Seq_Code={len(rows)}"
            rows.append(news(0, day, url=url, lang=lang, category=random.choice(["Politique", None])))
            if random.random() < 0.25:
                moved = f"{day + timedelta(1)}T01:00:00+09:00"
                rows.append(rows[-1] | {"timestamp": moved, "updated_at": moved})
    insert(store, *rows)
    return with_news


def naive_gaps(with_news: dict[str, set[date]], since: date, until: date) -> dict[tuple[str, str], Row]:
    gaps = {}
    for lang, known in with_news.items():
        span = [FIRST + timedelta(number) for number in range((LAST - FIRST).days + 1)]
        weekdays = [day for day in span if day.weekday() < 5 and since <= day <= until]
        for month in sorted({day.isoformat()[:7] for day in weekdays}):
            of_month = [day for day in weekdays if day.isoformat().startswith(month)]
            missing = [day for day in of_month if day not in known]
            spelt = "all" if missing == of_month else " ".join(f"{day:%d}" for day in missing) or None
            gaps[month, lang] = {"missing": len(missing), "weekdays": len(of_month), "days": spelt}
    return gaps


def gaps(store: ArticleStore, selection: Selection = NEWEST) -> dict[tuple[str, str], Row]:
    rows = run(store.db, STATISTICS["gaps"], selection)
    assert [(row["month"], row["lang"]) for row in rows] == sorted((row["month"], row["lang"]) for row in rows)
    return {(row.pop("month"), row.pop("lang")): row for row in rows}


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (FIRST, LAST),
        (date(2009, 1, 14), date(2009, 3, 3)),
        (date(2009, 2, 3), date(2009, 2, 9)),
        (None, date(2010, 1, 1)),
    ],
)
def test_weekdays_without_news_are_counted_for_each_edition(
    store: ArticleStore, since: date | None, until: date
) -> None:
    expected = naive_gaps(fill(store), since or FIRST, until)
    assert expected["2009-02", "fr"]["days"] == "all"
    assert gaps(store, Selection(since=since, until=until)) == expected
    french = {key: row for key, row in expected.items() if key[1] == "fr"}
    for categories in ((), ("",), ("Politique",)):  # what is not stored may be of any
        assert gaps(store, Selection(since=since, until=until, langs=("fr",), categories=categories)) == french


@pytest.mark.parametrize(
    ("values", "is_news"),
    [
        ({}, True),
        ({"category": "Culture"}, True),
        ({"kind": "feature"}, False),
        ({"lang": "en"}, False),
        ({"written_at": None}, False),  # its day is that of its capture
    ],
)
def test_only_dated_news_of_the_edition_fill_a_day(store: ArticleStore, values: Row, is_news: bool) -> None:
    monday, tuesday, wednesday = (date(2009, 3, day) for day in (2, 3, 4))
    insert(store, news(1, monday), news(2, tuesday) | values, news(3, wednesday))
    [found] = gaps(store, Selection(langs=("fr",))).values()
    assert found == {"missing": 0 if is_news else 1, "weekdays": 3, "days": None if is_news else "03"}


def test_a_day_whose_list_was_read_when_it_was_over_and_was_empty_is_no_gap(store: ArticleStore) -> None:
    insert(store, news(1, date(2009, 3, 2)), news(2, date(2009, 3, 10)))
    read = {
        ("f", 3): datetime(2009, 3, 3, 15, tzinfo=UTC),  # midnight in Korea: that day was over
        ("f", 4): datetime(2009, 3, 4, 14, 59, tzinfo=UTC),  # it was not
        ("e", 5): datetime(2009, 4, 1, tzinfo=UTC),  # another edition's
        ("f", 6): datetime.now(UTC) + timedelta(days=2),  # by a clock that was ahead
        ("f", 9): datetime.now(UTC),
    }
    state = CrawlState(store)
    with store.batch():
        for (edition, day), moment in read.items():
            address = site_url("day", edition, day=date(2009, 3, day))
            state.save_coverage(address, Coverage(complete_from="", complete_to=moment))
    assert gaps(store) == {("2009-03", "fr"): {"missing": 3, "weekdays": 7, "days": "04 05 06"}}


def test_damaged_and_impossible_days_count_for_nothing(store: ArticleStore) -> None:
    good = [news(1, date(2009, 3, 2)), news(2, date(2009, 3, 4))]
    odd = [
        article(10 + number, written_at=written_at, timestamp=written_at)
        for number, written_at in enumerate(
            ("0001-01-01T00:00:00+09:00", "9999-12-31", "2009-99-99", "\x1b[2J", "2009-02-3")
        )
    ]
    insert(store, *good, *odd)
    assert gaps(store) == {("2009-03", "fr"): {"missing": 1, "weekdays": 3, "days": "03"}}


def test_thirty_years_of_all_editions_are_counted_in_time(store: ArticleStore) -> None:
    """The reading room ends a query after five seconds."""
    days = (date(1996, 1, 1), date(2025, 12, 31))
    insert(store, *(news(1, day, lang=lang, url=f"urn:{lang}{day}") for lang in EDITIONS.values() for day in days))
    begun = datetime.now(UTC)
    found = gaps(store)
    assert (datetime.now(UTC) - begun).total_seconds() < 5
    assert len(found) == len(EDITIONS) * 30 * 12
