"""The article's subtree -> its paragraphs: our code decides what trafilatura gets to see, trafilatura reads it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import lxml.html

from extractors.article import NotAnArticle
from extractors.labels import COPYRIGHT, LONGEST_CREDIT
from extractors.normalize import plain
from extractors.words import BLOCK, BREAK, CELL, ITEM, PICTURE, write_down

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

# Bounds on what a hostile page may cost; the longest features have some hundred paragraphs.
_MAX_PARAGRAPHS = 2_000
_MAX_CHARACTERS = 1_000_000

_SPACES = re.compile("  +")  # a third of the time of " {2,}"
# What a run without words may consist of.
_MARKS = f" {BREAK}{CELL}{ITEM}{PICTURE}"
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
_CREDIT_LINE = re.compile(rf"(?:(?<=\n)|\A)[ ]*({COPYRIGHT}[^\n]{{1,{LONGEST_CREDIT}}})(?=\n|\Z)")
# Between paragraphs in what trafilatura reads: it keeps the words and folds all white space.
_SEPARATOR = "\N{SYMBOL FOR RECORD SEPARATOR}"
_MAKER = lxml.html.HTMLParser()


def read_paragraphs(
    elements: Iterable[_Element], cut: Collection[_Element] = (), end: _Element | None = None
) -> tuple[str, ...]:
    """The paragraphs of an article, in reading order.

    `<br><br>` and block elements part paragraphs; where a body has only single `<br>`, they do. List items come as
    lines that begin with "- ", table rows as lines with " | " between the cells.

    The text is read by trafilatura's `html2txt`, its reader without heuristics: those are for finding an article on a
    page, and here they could only lose some of it (its main extractor drops a paragraph that repeats the one before).

    Args:
        elements: what holds the article's words, in the order of the page.
        cut: elements below them that hold none of them.
        end: the element below them from which on nothing is the article's.

    Returns:
        Paragraphs without empty ones; white space collapsed, NFC. Empty when there are no words.

    Raises:
        NotAnArticle: the body is longer than any article of the site.
    """
    text = _SPACES.sub(" ", write_down(elements, cut, end))
    lines = _lines(plain(text)) if len(text) <= _MAX_CHARACTERS else []
    if len(lines) > _MAX_PARAGRAPHS or len(text) > _MAX_CHARACTERS:
        raise NotAnArticle("longer than an article of the site")
    # Imported when the first page is read: a quarter of a second that processes without extraction do not spend.
    from trafilatura import html2txt

    read = html2txt(_element(lines), clean=False)
    return tuple(filter(None, map(str.strip, read.split(_SEPARATOR))))


def _element(lines: list[str]) -> HtmlElement:
    """A bare element of the paragraphs and nothing else; one, since trafilatura's time goes by their number."""
    element = _MAKER.makeelement("p")
    element.text = f" {_SEPARATOR}".join(["", *(line.replace(_SEPARATOR, "") for line in lines)])
    return element


def _lines(text: str) -> list[str]:
    """The paragraphs of a body that was written down, in order."""
    runs = [run for run in text.split(BLOCK) if run.strip(_MARKS)]
    # SITE: sentences end with one <br>, paragraphs with two; a body without any double one means its single ones.
    parted = any(_PARAGRAPH_BREAK.search(run.strip()) for run in runs if BREAK in run)
    lines = []
    for run in runs:
        if run.startswith(ITEM):
            lines.append(f"- {_line(run)}")
        elif BREAK in run:
            lines += map(_line, _PARAGRAPH_BREAK.split(_part_credits(run)) if parted else run.split(BREAK))
        else:
            lines.append(_line(run))
    return [line for line in lines if line]


def _part_credits(run: str) -> str:
    """A run with its credit lines as paragraphs of their own, where single breaks part sentences only."""
    return _CREDIT_LINE.sub(r"\n\n\1\n\n", run) if COPYRIGHT in run else run


def _line(run: str) -> str:
    run = run.replace(PICTURE, " ")
    if CELL in run:
        return " | ".join(filter(None, (" ".join(cell.split()) for cell in run.split(CELL))))
    return " ".join(run.split())
