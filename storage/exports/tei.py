"""TEI P5: one `teiCorpus` with a `TEI` for each article, valid by the DTD that trafilatura brings."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from typing import IO, Any

from lxml import etree
from lxml.builder import ElementMaker

from storage.exports import FORBIDDEN, ITEM, REPLACEMENT, Exported, ExportError, name_of
from storage.versions import Row

_TEI = "http://www.tei-c.org/ns/1.0"
_ID = "{http://www.w3.org/XML/1998/namespace}id"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_PUBLISHER = "KBS World"
_TERMS = (
    "The articles belong to KBS. They were collected for study and archiving under the law that applies to who did so; "
    "they may not be republished."
)
#: What `when` can hold.
_WHEN = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d)?)?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}")

_make: Any = ElementMaker(namespace=_TEI, nsmap={None: _TEI})


def write(articles: Iterable[Exported], stream: IO[bytes]) -> None:
    """Write articles, no two of one url and timestamp, into a stream.

    Raises:
        ExportError: there is no article; nothing is written then, since a corpus has at least one text.
    """
    left = iter(articles)
    first = next(left, None)
    if first is None:
        raise ExportError("No article is selected; a TEI corpus must have at least one.")
    with etree.xmlfile(stream, encoding="utf-8") as file:
        file.write_declaration()
        with file.element(f"{{{_TEI}}}teiCorpus", nsmap={None: _TEI}):
            title = _make.titleStmt(_make.title("Articles of KBS World"))
            source = _make.sourceDesc(_make.p("Pages of world.kbs.co.kr, of which the articles alone were kept."))
            file.write("\n", _make.teiHeader(_make.fileDesc(title, _published(), source)), "\n")
            for article in chain([first], left):
                file.write(_text_of(article), "\n")
    stream.write(b"\n")


def _text_of(article: Exported) -> Any:
    row, paragraphs = article
    lang = {_LANG: row["lang"]} if _LANGUAGE.fullmatch(row["lang"]) else {}
    text = _make.text(_make.body(_make.div(*_blocks(paragraphs), type="entry")), **lang)
    # Names begin with a digit, which an xml:id may not.
    return _make.TEI(_header(row), text, **{_ID: f"kbs-{name_of(row, version=True)}"})


def _published(*dates: Any) -> Any:
    terms = _make.availability(_make.p(_TERMS), status="restricted")
    return _make.publicationStmt(_make.publisher(_PUBLISHER), *dates, terms)


def _header(row: Row) -> Any:
    """Where an article is from, and what the page says about it."""
    title = _make.title(_xml(row["title"] or ""), type="main", level="a")
    dates = [_date(row[f"{kind}_at"], kind) for kind in ("written", "updated") if row[f"{kind}_at"]]
    url, lang = _xml(row["url"]), _xml(row["lang"])
    fetched = _date(row["fetched_at"], "fetched")
    source = _make.bibl(_make.publisher(_PUBLISHER), ", ", _make.ref(url, target=url), ", ", fetched)
    about = [_make.langUsage(_make.language(lang, ident=lang))]
    if row["category"]:
        about.append(_make.textClass(_make.keywords(_make.term(_xml(row["category"]), type="category"))))
    file = _make.fileDesc(_make.titleStmt(title), _published(*dates), _make.sourceDesc(source))
    return _make.teiHeader(file, _make.profileDesc(*about))


def _date(time: str, kind: str) -> Any:
    return _make.date(_xml(time), type=kind, **({"when": time} if _WHEN.fullmatch(time) else {}))


def _blocks(paragraphs: list[str]) -> Iterator[Any]:
    """Paragraphs, and lists of successive items; one empty paragraph where there is no other."""
    if not paragraphs:
        yield _make.p()
    for is_item, group in groupby(paragraphs, lambda one: one.startswith(ITEM)):
        if is_item:
            yield _make.list(*(_make.item(_xml(one.removeprefix(ITEM))) for one in group))
        else:
            yield from (_make.p(_xml(one)) for one in group)


def _xml(text: str) -> str:
    """Text as XML can hold it: what it forbids becomes U+FFFD."""
    return FORBIDDEN.sub(REPLACEMENT, text)
