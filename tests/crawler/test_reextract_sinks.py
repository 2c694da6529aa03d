"""Several parts make a transaction, and what is stored is the same as if each made one of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from crawler.reextract.sinks import StoreSink
from crawler.reextract.work import Extracted
from extractors.page import extract_page
from storage import Capture
from storage.articles import article_row, refusal_row
from storage.sources import warc
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
