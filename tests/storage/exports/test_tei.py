"""TEI, held to the DTD that trafilatura brings."""

import json
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from trafilatura.xml import validate_tei

from storage.exports import FORBIDDEN, Exported, ExportError
from storage.exports.tei import write
from storage.selection import NEWEST, Selection
from tests.rows import article

NS = {"t": "http://www.tei-c.org/ns/1.0"}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def corpus(*articles: Exported, selection: Selection = NEWEST) -> etree._Element:
    out = BytesIO()
    write(iter(articles), out, selection)
    root = etree.fromstring(out.getvalue())
    assert validate_tei(root)
    return root


def exported(number: int, *paragraphs: str, **values: object) -> Exported:
    return Exported(article(number, paragraphs=json.dumps(paragraphs), **values), list(paragraphs))


def texts(root: etree._Element, path: str) -> list[str]:
    return [node.text or "" for node in root.iterfind(path, NS)]


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=4), TEXTS)
@example("<script>\0\x1b]]>", "&", ["- ", "- a", "b", "\ufffe"], "x")
def test_a_corpus_of_any_text_is_valid(title: str, category: str, paragraphs: list[str], time: str) -> None:
    root = corpus(exported(1, *paragraphs, title=title, category=category, updated_at=time, lang=category))
    assert texts(root, "t:TEI/t:teiHeader//t:title") == [FORBIDDEN.sub("\ufffd", title)]
    items = [one[2:] for one in paragraphs if one.startswith("- ") and one != "- "]
    assert texts(root, ".//t:item") == [FORBIDDEN.sub("\ufffd", one) for one in items]
    others = [FORBIDDEN.sub("\ufffd", one) for one in paragraphs if one and (one == "- " or not one.startswith("- "))]
    assert texts(root, ".//t:body//t:p") == (others if others or items else [""])


def test_a_text_names_its_source() -> None:
    row = exported(7, "a", title="T", category="Politique", written_at="2026-11-20T08:00:00+09:00")
    text = corpus(row).find("t:TEI", NS)
    assert text is not None
    assert text.get("{http://www.w3.org/XML/1998/namespace}id") == "kbs-2026-11-20-news-fr-7-20261121T090000"
    [date] = text.iterfind(".//t:publicationStmt/t:date", NS)
    assert date.get("when") == "2026-11-20T08:00:00+09:00"
    assert texts(text, ".//t:sourceDesc/t:bibl/t:ref") == [row.row["url"]]
    assert texts(text, ".//t:keywords/t:term") == ["Politique"]
    assert len(text.findall(".//t:availability/t:p", NS)) == 1


def test_every_version_has_its_own_id() -> None:
    # The DTD says so of xml:id: corpus() fails otherwise.
    rows = [exported(n, "a", timestamp=f"2026-11-21T09:00:{s:02}+09:00") for n in (1, 2) for s in range(3)]
    assert len(corpus(*rows).findall("t:TEI", NS)) == 6


def test_the_header_says_how_large_the_corpus_is_of_when_and_what_made_it() -> None:
    rows = [exported(1, text="trois mots ici"), exported(2, text="un", fetched_at="2026-11-24T08:00:00.000000+00:00")]
    rows = [one._replace(paragraphs=[one.row["text"]]) for one in rows]
    root = corpus(
        *rows, selection=Selection(query="<mots>", kinds=("news", "feature"), as_of=datetime(2026, 11, 24, tzinfo=UTC))
    )
    header = "t:teiHeader//t:"
    assert [node.get("quantity") for node in root.iterfind(f"{header}measure", NS)] == ["2", "4"]
    [date] = root.iterfind(f"{header}date", NS)
    assert date.get("when") == "2026-11-24T08:00:00.000000+00:00"
    made = {node.get("ident"): node.get("version") for node in root.iterfind(f"{header}application", NS)}
    assert made == {name: version(name) for name in ("kbsworld", "trafilatura")}
    assert texts(root, f"{header}samplingDecl/t:p") == ["Selected: query=<mots>, kinds=news or feature."]
    assert corpus(exported(1, "a")).find(f"{header}samplingDecl", NS) is not None


def test_an_empty_corpus_is_refused() -> None:
    out = BytesIO()
    with pytest.raises(ExportError, match="must have at least one"):
        write(iter([]), out)
    assert out.getvalue() == b""
