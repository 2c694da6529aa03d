"""What corpus tools read: a file per text with a table beside them, and vertical files, held to their grammar."""

import csv
import json
import re
from io import BytesIO
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from storage.exports import FORBIDDEN, Exported, plain_text, vertical
from storage.selection import Selection
from storage.versions import HISTORY
from tests.rows import article

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
GRAMMAR = re.compile(r'(<doc( [a-z]+="[^"<\n\t]*")+>|</?(p|s)>|</doc>|[^\t\n<>]+\t[^\t\n<>]+)\n')


def exported(number: int, *paragraphs: str, **values: object) -> Exported:
    text = {"paragraphs": json.dumps(paragraphs), "text": "\n\n".join(paragraphs)}
    return Exported(article(number, **text, **values), list(paragraphs))


def test_a_text_is_alone_in_its_file_and_described_beside(tmp_path: Path) -> None:
    rows = [exported(n, f"Paragraphe {n}.", "Fin.", title="=T", timestamp=f"2026-11-2{n}") for n in (1, 2)]
    plain_text.write(rows, tmp_path)
    with (tmp_path / "metadata.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [(tmp_path / line["file"]).read_text("utf-8") for line in table] == [
        "Paragraphe 1.\n\nFin.\n",
        "Paragraphe 2.\n\nFin.\n",
    ]
    assert list(table[0]) == ["file", *(name for name in HISTORY if name not in {"paragraphs", "text"}), "date"]
    assert [(line["file"], line["title"], line["date"]) for line in table] == [
        (f"2026-11-2{n}-news-fr-{n}.txt", "'=T", f"2026-11-2{n}") for n in (1, 2)
    ]
    assert len(list(tmp_path.iterdir())) == 3


def written(*articles: Exported, all_versions: bool = False) -> str:
    out = BytesIO()
    vertical.write(articles, out, Selection(all_versions=all_versions))
    text = out.getvalue().decode()
    lines = text.splitlines(keepends=True) if "\n" in text else []
    assert "".join(lines) == text
    assert [line for line in text.split("\n")[:-1] if not GRAMMAR.fullmatch(f"{line}\n")] == []
    return text


def parsed(*articles: Exported) -> etree._Element:
    return etree.fromstring(f"<corpus>{written(*articles)}</corpus>")


def pairs(root: etree._Element) -> list[list[tuple[str, ...]]]:
    sentences = [(node.text or "").strip("\n").split("\n") for node in root.iterfind(".//s")]
    return [[tuple(line.split("\t")) for line in sentence] for sentence in sentences]


def test_words_have_their_french_lemmas_in_sentences_and_paragraphs() -> None:
    times = {"timestamp": "2026-11-21T09:00:00+09:00", "written_at": "2026-11-20"}
    root = parsed(
        exported(
            7, "L’Assemblée n'a pas voté. M. Kim part !", "10,5 % & plus", title='Dit "oui"', category=None, **times
        )
    )
    [doc] = root
    assert {name: doc.get(name) for name in ("id", "date", "title", "category", "timestamp", "lang")} == {
        "id": "2026-11-20-news-fr-7",
        "date": "2026-11-20",
        "title": 'Dit "oui"',
        "category": "",
        "timestamp": "2026-11-21T09:00:00+09:00",
        "lang": "fr",
    }
    assert [node.tag for node in doc] == ["p", "p"]
    assert pairs(root) == [
        [
            ("L’", "le"),
            ("Assemblée", "assemblée"),
            ("n'", "ne"),
            ("a", "avoir"),
            ("pas", "pas"),
            ("voté", "voter"),
            (".", "."),
        ],
        [("M", "M"), (".", "."), ("Kim", "Kim"), ("part", "part"), ("!", "!")],
        [("10,5", "10,5"), ("%", "%"), ("&", "&"), ("plus", "plus")],
    ]


def test_of_a_language_without_lemmas_words_are_their_own() -> None:
    assert pairs(parsed(exported(1, "서울은 맑다.", lang="ko"))) == [
        [("서울은", "서울은"), ("맑다", "맑다"), (".", ".")]
    ]


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=3))
@example('<doc>\n"&', ["<s>\t</s>", "\0\x1b", "😀→ aujourd’hui", "\u2028\x85\u00a0"])
def test_no_text_breaks_the_grammar_and_no_sign_is_lost(title: str, paragraphs: list[str]) -> None:
    root = parsed(exported(1, *paragraphs, title=title, category=title))
    words = "".join(word for sentence in pairs(root) for word, *_ in sentence)
    assert words == FORBIDDEN.sub("\ufffd", re.sub(r"\s", "", "".join(paragraphs)))


def test_each_version_has_an_id_of_its_own() -> None:
    rows = [exported(7, "a", timestamp=time) for time in ("2026-11-21T09:00:00+09:00", "2026-11-21T10:00:00+09:00")]
    assert len(set(re.findall(' id="([^"]+)"', written(*rows, all_versions=True)))) == 2
