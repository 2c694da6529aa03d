"""Markdown files, read back by a CommonMark reader and a YAML reader."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from storage.exports import FORBIDDEN, Exported, markdown
from storage.exports.markdown import page, write
from storage.selection import Selection
from storage.versions import Row
from tests.rows import article

CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.lists(
    st.one_of(
        st.text(CHARACTERS, min_size=1, max_size=8),
        st.sampled_from("<script> &amp; &#65; * _ ` [x](y) ![x] # ## > ~~~ --- === + - 1. 12) | <a@b.c>".split()),
        st.sampled_from(["\\", "\t", "\r"]),
        st.sampled_from([" ", "  ", "\n", "\u00a0", "\u2028", "- "]),
    ),
    min_size=1,
    max_size=8,
).map("".join)


def exported(*paragraphs: str, **values: object) -> Exported:
    text = json.dumps(paragraphs, ensure_ascii=False)
    return Exported(article(1, paragraphs=text, **values), list(paragraphs))


def shown(markdown: str) -> list[tuple[str, str]]:
    """What a reader shows: each block's kind and text; anything but plain text fails."""
    found: list[tuple[str, str]] = []
    inside: list[str] = []
    for token in MarkdownIt("commonmark").parse(markdown):
        assert not token.type.startswith(("html", "code", "fence", "hr", "blockquote", "ordered")), token
        if token.type == "inline":
            kind = next(kind for kind in ("list_item", "heading", "paragraph") if f"{kind}_open" in inside)
            parts = token.children or []
            assert {part.type for part in parts} <= {"text", "text_special"}, parts
            found.append((kind, "".join(part.content for part in parts)))
        elif token.nesting == 1:
            inside.append(token.type)
        else:
            inside.pop()
    return found


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=4))
@example("C #", ["- - x", "- 1. y", "1986. Une année", "---", "a", "- b"])
@example("x", ["- &", "&lt;", "&\namp;", "a  ", "\\", "- [ ] x", "    code", "=", "\u3000x\u3000"])
def test_a_commonmark_reader_shows_exactly_the_text(title: str, paragraphs: list[str]) -> None:
    wanted = [("heading", title)]
    for one in paragraphs:
        is_item = one.startswith("- ") and one != "- "
        wanted.append(("list_item", one[2:]) if is_item else ("paragraph", one))
    body = page(exported(*paragraphs, title=title)).split("---\n", 2)[2]
    assert shown(body) == [(kind, FORBIDDEN.sub("\ufffd", text)) for kind, text in wanted]


@settings(max_examples=200, deadline=None)
@given(st.text(CHARACTERS), st.text(CHARACTERS))
@example("no", "2026-11-24")
@example("---\n\x85\u2028\ufeff\x1b\0", '"\\: # \U0001f600')
def test_a_yaml_reader_gives_back_exactly_the_strings(title: str, category: str) -> None:
    row = exported("x", title=title, category=category, has_video=1)
    front = page(row).partition("\n---\n\n")[0].removeprefix("---\n")
    read = yaml.safe_load(front)
    assert read == {
        name: bool(value) if name in {"has_video", "truncated"} else value
        for name, value in {**row.row, "replaced_at": None}.items()
        if name not in {"paragraphs", "text"}
    }


def names(folder: Path, *rows: Row, all_versions: bool = False) -> list[str]:
    write((Exported(row, []) for row in rows), folder, Selection(all_versions=all_versions))
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "2026-11-21-news-fr-7.md"),
        ({"written_at": "2026-11-20"}, "2026-11-20-news-fr-7.md"),
        ({"timestamp": "../../etc", "kind": "../x"}, "undated-other-fr-7.md"),
    ],
)
def test_a_file_is_named_after_day_kind_and_number(tmp_path: Path, values: dict[str, str], name: str) -> None:
    assert names(tmp_path, article(7, **values)) == [name]


def test_an_article_without_number_is_named_by_its_address(tmp_path: Path) -> None:
    urls = ["urn:sha256:" + "0" * 64, "urn:sha256:" + "1" * 64, "https://world.kbs.co.kr/service/x.htm?a=../../b"]
    urls += [f"https://world.kbs.co.kr/french/news/news_{name}_detail.htm?No=7" for name in ("Po", "Cu")]
    found = names(tmp_path, *(article(7, url=url) for url in urls))
    assert len(found) == 5
    assert all(re.fullmatch(r"2026-11-21-news-[0-9a-f]{16}\.md", name) for name in found)


def test_each_version_has_its_own_name(tmp_path: Path) -> None:
    times = ["2026-11-21T09:00:00+09:00", "2026-11-21T09:00:01+09:00", "2026-11-21", "soon", "later"]
    found = names(tmp_path, *(article(7, timestamp=time) for time in times), all_versions=True)
    assert "2026-11-21-news-fr-7-20261121T090000.md" in found
    assert len(found) == len(times)


def digest(*articles: Exported) -> str:
    out = BytesIO()
    markdown.write(articles, out)
    return str(MarkdownIt("commonmark").render(out.getvalue().decode()))


def test_a_digest_is_all_articles_on_one_page_with_links() -> None:
    rows = [exported("a", "- b", title="[T] *1*", category="Politique"), exported("<script>", title=None)]
    shown = digest(*rows)
    url = "https://world.kbs.co.kr/service/news_view.htm?lang=f&amp;Seq_Code=1"
    assert f'<h2><a href="{url}">[T] *1*</a></h2>\n<p>2026-11-21 09:00 KST · Politique</p>\n<p>a</p>' in shown
    assert f'<h2><a href="{url}">(no title)</a></h2>' in shown
    assert "<li>b</li>" in shown
    assert "<p>&lt;script&gt;</p>" in shown


def test_a_digest_quotes_what_changed() -> None:
    old = exported("12 <b> trains.", "Rien", title="T", category="Société")
    new = exported("15 <b> trains.", "Rien", title="T", category=None)._replace(change="edited", before=old)
    quoted = digest(new).partition("<blockquote>")[2].partition("</blockquote>")[0]
    assert "<p><del>12</del><ins>15</ins> &lt;b&gt; trains.</p>" in quoted
    assert "category: <del>Société</del>" in quoted
    assert "Rien" not in quoted


def test_what_stood_before_a_silent_edit_has_its_own_name(tmp_path: Path) -> None:
    edits = [None, "2026-11-24T02:00:00.000000+00:00", "2026-11-24T02:00:00.000001+00:00"]
    found = names(tmp_path, *(article(7) | {"replaced_at": time} for time in edits), all_versions=True)
    assert "2026-11-21-news-fr-7-20261121T090000-until-20261124T020000000001.md" in found
    assert len(found) == 3
