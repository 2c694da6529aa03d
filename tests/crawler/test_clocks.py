"""Dates that cannot be true: on pages and lists of the site, and of a computer whose clock was ahead."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors.article import KST
from storage import ArticleStore
from tests.crawler.conftest import Run
from tests.crawler.scripted import ARTICLE, LIST, ScriptedSite, change, counts, rows

NOW = datetime.now(KST)
YESTERDAY = f"{NOW - timedelta(days=1):%Y-%m-%d} 10:00:00"
#: Dates of pages that count as none.
FALSE = ["0001-01-01 00:00:00", "1970-01-01 09:00:00", "1994-12-31 23:59:59", "2062-03-04 05:06:07"]
FALSE += ["9999-12-31 23:59:59", f"{NOW + timedelta(days=3):%Y-%m-%d} 00:00:00"]


def serve(site: ScriptedSite, *given: str, words: str = "Un", card: str | None = None) -> None:
    """Have the site show articles of these dates, numbered from 1."""
    entries = ""
    for number, date in enumerate(given, 1):
        dates = f'<p class="date">{date}</p>'
        site.answers[ARTICLE.format(number)] = (
            200,
            f'<html><body><div class="title_area"><h1>Titre {number}</h1>{dates}</div><div class="body_txt">{words} mot'
            f" de l’article {number}.</div><h2 class='view_tit'>x</h2><footer></footer></body></html>".encode(),
        )
        shown = dates.replace(date, date if card is None else card)
        entries += f'<article><h2><a href="{ARTICLE.format(number)}">x</a></h2>{shown}</article>'
    page = f'<nav id="gnb_menu"></nav><section class="comp_contents_1x">{entries}</section><footer></footer>'
    for address in (LIST, f"{LIST}&page=2"):
        site.answers[address] = (200, f"<html><body>{page}</body></html>".encode())


def latest(tmp_path: Path) -> dict[str, tuple[str, str]]:
    """Date and first word of the newest versions."""
    with ArticleStore(tmp_path / "kbs.db") as store:
        return {one.url.rpartition("=")[2]: (one.timestamp or "", one.text.split()[0]) for one in store}


def ok(run: "subprocess.CompletedProcess[str]") -> dict[str, int]:
    assert (run.returncode, "Traceback" in run.stderr) == (0, False), run.stderr
    return counts(run)


@pytest.mark.parametrize("words", ["Un", "Autre"])
def test_a_date_that_cannot_be_true_is_none_until_it_is_corrected(
    site: ScriptedSite, crawl: Run, scrapy: Run, tmp_path: Path, words: str
) -> None:
    serve(site, *FALSE)
    assert ok(crawl("kbs_news", KBS_BASE_URL=site.base_url))["new"] == len(FALSE)
    assert {(row["written_at"], f"{NOW:%Y}" <= row["timestamp"] < f"{NOW.year + 2}") for row in rows(tmp_path)} == {
        (None, True)
    }
    assert ok(crawl("kbs_news", KBS_BASE_URL=site.base_url))["unchanged"] == len(FALSE)
    serve(site, *[YESTERDAY] * len(FALSE), words=words)
    done = ok(crawl("kbs_news", KBS_BASE_URL=site.base_url))
    assert (done["edited"], done["unchanged"]) == (len(FALSE), 0)
    written = YESTERDAY.replace(" ", "T") + "+09:00"
    assert latest(tmp_path) == {f"{number}": (written, words) for number in range(1, len(FALSE) + 1)}
    assert len(rows(tmp_path)) == len(FALSE)
    # The same from the archive, in a database of its own.
    ok(scrapy("reextract", KBS_DB=f"{tmp_path}/again.db", KBS_BASE_URL=site.base_url))
    with ArticleStore(tmp_path / "again.db") as store:
        assert {(one.timestamp, one.text.split()[0]) for one in store.articles()} == {(written, words)}


@pytest.mark.parametrize("words", ["Un", "Autre"])
def test_a_far_future_version_of_an_older_release_gives_way(
    site: ScriptedSite, crawl: Run, scrapy: Run, tmp_path: Path, words: str
) -> None:
    serve(site, *[YESTERDAY] * 3)
    ok(crawl("kbs_news", KBS_BASE_URL=site.base_url))
    future = "2062-03-04T05:06:07+09:00"
    change(tmp_path, f"update articles set written_at = '{future}', timestamp = '{future}'")  # noqa: S608
    found = scrapy("doctor")
    assert found.returncode == 0
    assert "Dates that cannot be true" in found.stdout
    assert found.stdout.count(f"  {future}  ") == 3
    if words == "Un":
        # From the archive alone.
        ok(scrapy("reextract", KBS_BASE_URL=site.base_url))
    else:
        serve(site, *[YESTERDAY] * 3, words=words)
        assert ok(crawl("kbs_news", KBS_BASE_URL=site.base_url))["edited"] == 3
    assert latest(tmp_path) == {f"{number}": (YESTERDAY.replace(" ", "T") + "+09:00", words) for number in range(1, 4)}
    assert len(rows(tmp_path)) == 3
    assert "Dates that cannot be true\n  none\n" in scrapy("doctor").stdout


def test_a_page_that_is_corrected_after_its_list_is_stored(site: ScriptedSite, crawl: Run, tmp_path: Path) -> None:
    serve(site, FALSE[3], FALSE[3])
    ok(crawl("kbs_news", KBS_BASE_URL=site.base_url))
    serve(site, FALSE[3], FALSE[3], card=YESTERDAY)
    assert ok(crawl("kbs_news", KBS_BASE_URL=site.base_url))["unchanged"] == 2
    serve(site, YESTERDAY, YESTERDAY)
    assert ok(crawl("kbs_news", KBS_BASE_URL=site.base_url))["edited"] == 2
    assert [version[0][:10] for version in latest(tmp_path).values()] == [YESTERDAY[:10]] * 2


#: Sets the clock of a process ahead, as a wrong one would be: all of its modules ask datetime.
AHEAD = """
import datetime as dates
real = dates.datetime
class Ahead(real):
    @classmethod
    def now(cls, tz=None):
        return real.now(tz).replace(year=%s)
dates.datetime = Ahead
"""


def test_days_that_had_not_come_are_read_again(site: ScriptedSite, crawl: Run, tmp_path: Path) -> None:
    today = NOW.date()
    empty = b'<html><body><nav id="gnb_menu"></nav><footer></footer></body></html>'
    days = [today - timedelta(days=before) for before in range(5)]
    pages = [f"/service/news_today.htm?lang=f&date={day}" for day in days]
    site.answers |= dict.fromkeys(pages, (200, empty))
    bounds = ["-a", f"since={days[-1]}", "-a", f"until={today}"]
    first = crawl("kbs_days", *bounds, KBS_BASE_URL=site.base_url, first=AHEAD % (NOW.year + 1))
    assert first.returncode == 0, first.stderr
    asked = [path for path in site.requests if "news_today" in path]
    assert len(asked) >= 5
    assert all(row["complete_to"] > f"{NOW.year + 1}" for row in rows(tmp_path, "lists"))
    site.times.clear()
    run = crawl("kbs_days", *bounds, KBS_BASE_URL=site.base_url)
    assert {path for path in site.requests if "news_today" in path} == set(asked)
    assert "Earlier runs are dated after now (1): this computer's clock was ahead, or is behind." in run.stderr
    assert "days have no news" in run.stderr
    site.times.clear()
    crawl("kbs_days", *bounds, KBS_BASE_URL=site.base_url)
    assert len({path for path in site.requests if "news_today" in path}) < 5


@pytest.mark.parametrize("date", [YESTERDAY, ""])
def test_an_article_captured_ahead_takes_later_edits(
    site: ScriptedSite, crawl: Run, scrapy: Run, tmp_path: Path, date: str
) -> None:
    serve(site, date, date)
    ok(crawl("kbs_news", KBS_BASE_URL=site.base_url, first=AHEAD % 2040))
    assert {row["fetched_at"][:4] for row in rows(tmp_path)} == {"2040"}
    assert scrapy("doctor").stdout.count(" 2040-") >= 3
    for words in ("Deux", "Trois"):
        serve(site, date, date, words=words)
        run = crawl("kbs_articles", "-a", "ids=1-2", "-a", "full=1", KBS_BASE_URL=site.base_url)
        done = ok(run)
        assert done["edited"] + done["updated"] == 2
        assert [found[1] for found in latest(tmp_path).values()] == [words] * 2
        assert all(version[0] < f"{NOW + timedelta(days=1):%Y-%m-%d}T" for version in latest(tmp_path).values())
    before = [(row["timestamp"], row["text"]) for row in rows(tmp_path)]
    ok(scrapy("reextract", KBS_BASE_URL=site.base_url))
    assert [(row["timestamp"], row["text"]) for row in rows(tmp_path)] == before
    assert {row["fetched_at"] <= datetime.now(UTC).isoformat() for row in rows(tmp_path)} == {True}
