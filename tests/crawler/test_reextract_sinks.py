"""Several parts make a transaction, and what is stored is the same as if each made one of its own."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from crawler.reextract.pool import LocalWorkers
from crawler.reextract.report import Report
from crawler.reextract.run import Run
from crawler.reextract.sinks import StoreSink
from crawler.reextract.work import Extracted
from extractors.page import extract_page
from storage import ArticleStore, Capture
from storage.archive import Location
from storage.articles import article_row, refusal_row
from storage.sources import warc
from storage.sources.base import Source, Wound
from storage.sources.warc import WarcSource
from tests.crawler.forms import EXTRACT, as_warc, captures, reextract_here
from tests.crawler.scripted import rows


def parts() -> dict[str, Extracted]:
    """What a part may hold of one capture, and of another: an article, and a refusal."""
    one, other = (Capture(url=kept.url, fetched_at=kept.fetched_at, body=kept.body) for kept in captures(2))
    found: dict[str, Extracted] = {}
    for name, capture in (("one", one), ("other", other)):
        article = article_row(extract_page(capture.body, capture.url), capture)
        refusal = refusal_row(capture, "no article on the page")
        found[name] = Extracted(articles=[article | {"source_url": capture.url}])
        found[f"{name} refused"] = Extracted(refusals=[(refusal, article["url"])])
    return found


@pytest.mark.parametrize(
    "order",
    [
        ["one refused", "one"],
        ["one", "one refused"],
        ["one", "other", "one refused", "other"],
        ["other refused", "one", "other", "other refused", "one refused", "one", "other"],
    ],
)
def test_a_capture_is_refused_in_one_part_and_an_article_in_another(tmp_path: Path, order: Sequence[str]) -> None:
    together, apart = (stored(tmp_path / name, order, at_once=name == "apart") for name in ("together", "apart"))
    assert together == apart
    assert together["counts"]["pages"] == len(order)


def stored(folder: Path, order: Sequence[str], *, at_once: bool) -> dict[str, Any]:
    held = parts()
    with StoreSink(folder / "kbs.db", "call", EXTRACT) as sink:
        for number, name in enumerate(order):
            sink.take(held[name], ("source", str(number)))
            if at_once:
                sink.store()
        sink.finish()
        return {"counts": sink.counts, **{table: rows(folder, table) for table in ("articles", "refusals")}}


def test_parts_are_stored_together_and_the_last_ones_at_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with StoreSink(tmp_path / "kbs.db", "call", EXTRACT) as sink:
        for number in range(6):
            sink.take(parts()["one"], ("source", str(number)))
            seen.append((len(rows(tmp_path)), len(rows(tmp_path, "reextractions"))))
        assert sink.counts["pages"] < 6
        sink.finish()
        assert sink.counts["pages"] == 6
    assert seen == [(0, 0)] * 3 + [(1, 1)] * 3
    assert rows(tmp_path, "reextractions") == []


def test_interrupted_it_stores_what_was_read_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warc, "_LEAST_PART", 20_000)
    file = as_warc(captures(60), tmp_path / "warc")
    with monkeypatch.context() as patched:
        calls = chain([None] * 5, repeat(KeyboardInterrupt()))
        patched.setattr("crawler.reextract.run.raise_interruption", partial(raise_next, calls))
        with pytest.raises(KeyboardInterrupt):
            reextract_here(tmp_path / "kbs.db", file)
    [kept] = rows(tmp_path, "reextractions")
    assert 0 < len(rows(tmp_path)) < 60
    assert f'"pages": {len(rows(tmp_path))}' in kept["counts"]
    counts = reextract_here(tmp_path / "kbs.db", file)
    assert (counts["pages"], counts["new"], len(rows(tmp_path))) == (60, 60, 60)


def test_a_signal_that_comes_right_after_all_is_written_counts_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warc, "_LEAST_PART", 20_000)
    file = as_warc(captures(60), tmp_path / "warc")
    whole = ArticleStore.batch

    @contextmanager
    def interrupted(store: ArticleStore) -> Iterator[None]:
        with whole(store):
            yield
        if len(store) > 20:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ArticleStore, "batch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            reextract_here(tmp_path / "kbs.db", file)
    [kept] = rows(tmp_path, "reextractions")
    assert json.loads(kept["counts"])["new"] == len(rows(tmp_path)) < 60
    counts = reextract_here(tmp_path / "kbs.db", file)
    assert (counts["pages"], counts["new"], len(rows(tmp_path))) == (60, 60, 60)


@pytest.mark.parametrize("calls", range(1, 12))
def test_what_is_no_source_is_counted_once_however_often_it_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    monkeypatch.setattr(warc, "_LEAST_PART", 20_000)
    file = as_warc(captures(30), tmp_path / "warc")
    broken = [Wound(location=Location(file=name, offset=0), what="no zip") for name in ("a", "b", "c")]
    sources: list[Source | Wound] = [
        broken[0],
        WarcSource(file, str(file)),
        broken[1],
        broken[2],
        WarcSource(seeds(tmp_path), "seeds"),
    ]
    counts: Counter[str] = Counter()
    for number in range(calls, 0, -1):
        with closing(LocalWorkers(1)) as workers, StoreSink(tmp_path / "kbs.db", "call", EXTRACT) as sink:
            run, before = Run(sink, workers, Report(0), tmp_path), iter(range(2 if number > 1 else 1_000_000))
            monkeypatch.setattr(sink, "take", partial(take_or_stop, sink.take, before))
            with suppress(KeyboardInterrupt):
                run.read(lambda: iter(sources))
            counts = sink.counts
    assert (counts["damaged"], counts["pages"], len(rows(tmp_path))) == (3, 35, 30)


def take_or_stop(take: Callable[..., None], before: Iterator[int], *arguments: Any) -> None:
    if next(before, None) is None:
        raise KeyboardInterrupt
    take(*arguments)


def seeds(folder: Path) -> Path:
    """A second file, with some of the captures of the first."""
    return as_warc(captures(5), folder / "second")


def raise_next(calls: Any) -> None:
    if (error := next(calls)) is not None:
        raise error


def test_what_cannot_be_stored_leaves_what_was_stored_before(tmp_path: Path) -> None:
    with StoreSink(tmp_path / "kbs.db", "call", EXTRACT) as sink:
        sink.take(parts()["one"], ("source", "1"))
        sink.store()
        with closing(sqlite3.connect(tmp_path / "kbs.db")) as db:
            db.execute("drop table refusals")
        sink.take(parts()["other"], ("source", "2"))
        with pytest.raises(sqlite3.OperationalError):
            sink.store()
        assert (sink.counts["pages"], len(rows(tmp_path))) == (1, 1)
