"""TEI P5: one `teiCorpus` with a `TEI` for each article (tei.xml), valid by the DTD that trafilatura brings."""

import shutil
from collections.abc import Iterable
from importlib.metadata import version
from tempfile import SpooledTemporaryFile
from typing import IO

from storage.exports import Exported, ExportError, described, name_of
from storage.exports.digest import template
from storage.selection import NEWEST, Selection


def write(articles: Iterable[Exported], stream: IO[bytes], selection: Selection = NEWEST) -> None:
    """Write articles, no two of one url and timestamp, into a stream; the header says which `selection` they are.

    Raises:
        ExportError: there is no article; nothing is written then, since a corpus has at least one text.
    """
    tei = template("tei.xml")
    texts = words = 0
    newest = ""
    with SpooledTemporaryFile(1 << 20) as waiting:  # for the header, which is known when all were read
        for row, paragraphs, *_ in articles:
            texts, words = texts + 1, words + row["text"].count(" ") + len(paragraphs)
            newest = max(newest, row["fetched_at"])
            # Names begin with a digit, which an xml:id may not.
            waiting.write(tei.text(row, paragraphs, f"kbs-{name_of(row, version=True)}").encode())
        if not texts:
            raise ExportError("No article is selected; a TEI corpus must have at least one.")
        waiting.seek(0)
        made = {name: version(name) for name in ("kbsworld", "trafilatura")}
        stream.write(tei.head(texts, words, newest, described(selection), made).encode())
        shutil.copyfileobj(waiting, stream)
    stream.write(b"</teiCorpus>\n")
