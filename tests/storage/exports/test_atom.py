"""Feeds: held to the rules of RFC 4287, and read back by feedparser."""

import json
from io import BytesIO

import feedparser
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree, html

from storage.exports import FORBIDDEN, Exported, atom
from storage.selection import NEWEST, Selection
from tests.rows import article

NS = {"a": "http://www.w3.org/2005/Atom"}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
#: RFC 4287, appendix B, as far as text feeds go: what a feed and an entry must have, may have once, and may repeat.
SCHEMA = etree.RelaxNG(
    etree.fromstring("""
<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="http://www.w3.org/2005/Atom"
    datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><element name="feed"><ref name="common"/><interleave>
    <ref name="person"/><ref name="id"/><ref name="title"/><ref name="updated"/>
    <zeroOrMore><ref name="link"/></zeroOrMore>
    <optional><element name="subtitle"><ref name="words"/></element></optional>
    <zeroOrMore><ref name="category"/></zeroOrMore></interleave><zeroOrMore><ref name="entry"/></zeroOrMore>
  </element></start>
  <define name="entry"><element name="entry"><ref name="common"/><interleave>
    <ref name="id"/><ref name="title"/><ref name="updated"/><zeroOrMore><ref name="link"/></zeroOrMore>
    <zeroOrMore><ref name="category"/></zeroOrMore>
    <optional><element name="published"><ref name="date"/></element></optional>
    <optional><element name="content"><ref name="words"/></element></optional></interleave></element></define>
  <define name="common"><optional><attribute name="xml:lang"><data type="language"/></attribute></optional></define>
  <define name="words"><ref name="common"/><optional><attribute name="type">
    <choice><value>text</value><value>html</value></choice></attribute></optional><text/></define>
  <define name="date"><data type="dateTime"><param name="pattern">.+(Z|[+\\-]\\d\\d:\\d\\d)</param></data></define>
  <define name="person"><element name="author"><element name="name"><text/></element></element></define>
  <define name="id"><element name="id"><data type="anyURI"><param name="minLength">1</param></data></element></define>
  <define name="title"><element name="title"><ref name="words"/></element></define>
  <define name="updated"><element name="updated"><ref name="date"/></element></define>
  <define name="category"><element name="category"><attribute name="term"/></element></define>
  <define name="link"><element name="link"><attribute name="href"><data type="anyURI"/></attribute>
    <optional><attribute name="rel"><choice><value>alternate</value><value>self</value></choice></attribute></optional>
  </element></define>
</grammar>""")
)


def exported(number: int, *paragraphs: str, **values: object) -> Exported:
    return Exported(article(number, paragraphs=json.dumps(paragraphs), **values), list(paragraphs))


def feed(*articles: Exported, selection: Selection = NEWEST, address: str | None = None) -> bytes:
    out = BytesIO()
    atom.write(articles, out, selection, address)
    assert SCHEMA.validate(etree.fromstring(out.getvalue())), SCHEMA.error_log
    return out.getvalue()


def test_a_reader_gets_the_whole_article_with_its_times_in_kst() -> None:
    times = {"timestamp": "2026-11-24T12:00:00+09:00", "written_at": "2026-11-24T10:59:55+09:00"}
    data = feed(
        exported(
            7, "« Oui », a-t-il dit.", "- un", "- deux & trois", title="Séoul < Tokyo", category="Politique", **times
        )
    )
    read = feedparser.parse(data)
    assert not read.bozo
    [entry] = read.entries
    assert entry.id == entry.link == "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=7"
    assert (entry.updated, entry.published) == ("2026-11-24T12:00:00+09:00", "2026-11-24T10:59:55+09:00")
    assert read.feed.updated == entry.updated
    assert [tag.term for tag in entry.tags] == ["Politique"]
    assert html.fromstring(entry.title).text_content() == "Séoul < Tokyo"
    [content] = entry.content
    shown = html.fragment_fromstring(content.value, "div")
    assert [(node.tag, node.text) for node in shown.iter("p", "li")] == [
        ("p", "« Oui », a-t-il dit."),
        ("li", "un"),
        ("li", "deux & trois"),
    ]


def test_a_version_is_the_same_entry_at_another_time_and_a_selection_another_feed() -> None:
    rows = [exported(7, "a", timestamp=time) for time in ("2026-11-25", "2026-11-24T12:00:00+09:00")]
    read = feedparser.parse(feed(*rows))
    assert len({entry.id for entry in read.entries}) == 1
    assert [entry.updated for entry in read.entries] == ["2026-11-25T00:00:00+09:00", "2026-11-24T12:00:00+09:00"]
    again, other = (feedparser.parse(feed(selection=Selection(query=word))).feed.id for word in ("", "sommet"))
    assert read.feed.id == again != other
    assert feedparser.parse(feed()).feed.updated == "2000-01-01T00:00:00+09:00"  # the same, whenever it is made


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=4), TEXTS)
@example("", "", ["<", "0", "<"], "")
@example("<script>\0\x1b]]>", "&", ["- ", "</content>", "\ufffe"], "x")
def test_a_feed_of_any_text_is_valid(title: str, category: str, paragraphs: list[str], time: str) -> None:
    data = feed(exported(1, *paragraphs, title=title, category=category, timestamp=time, written_at=time))
    [content] = etree.fromstring(data).iterfind(".//a:content", NS)
    shown = html.fragment_fromstring(content.text or "", "div")
    assert {node.tag for node in shown.iter()} <= {"div", "p", "ul", "li"}
    text = "".join(shown.text_content().split())
    for one in paragraphs:
        assert one[:2] == "- " or "".join(FORBIDDEN.sub("\ufffd", one).split()) in text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "urn:sha256:00"])
def test_no_link_leads_to_what_is_no_page(url: str) -> None:
    [entry] = feedparser.parse(feed(exported(1, "a", url=url))).entries
    assert entry.link == "https://world.kbs.co.kr"
