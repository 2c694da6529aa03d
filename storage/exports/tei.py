"""TEI P5: one `teiCorpus` with a `TEI` for each article, valid by the DTD that trafilatura brings."""

import re
import shutil
from collections.abc import Iterable
from importlib.metadata import version
from tempfile import SpooledTemporaryFile
from typing import IO

from storage.exports import Exported, ExportError, blocks, described, markup, moment_of, name_of
from storage.selection import NEWEST, Selection
from storage.versions import Row

_PUBLISHER = "<publisher>KBS World</publisher>"
_TERMS = (
    '<availability status="restricted"><p>The articles belong to KBS. They were collected for study and archiving '
    "under the law that applies to who did so; they may not be republished.</p></availability>"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_BLOCKS = ("<p>{}</p>", "<list>{}</list>", "<item>{}</item>")


def write(articles: Iterable[Exported], stream: IO[bytes], selection: Selection = NEWEST) -> None:
    """Write articles, no two of one url and timestamp, into a stream; the header says which `selection` they are.

    Raises:
        ExportError: there is no article; nothing is written then, since a corpus has at least one text.
    """
    texts = words = 0
    newest = ""
    with SpooledTemporaryFile(1 << 20) as waiting:  # for the header, which is known when all were read
        for article in articles:
            texts, words = texts + 1, words + article.row["text"].count(" ") + len(article.paragraphs)
            newest = max(newest, article.row["fetched_at"])
            waiting.write(_text(article).encode())
        if not texts:
            raise ExportError("No article is selected; a TEI corpus must have at least one.")
        waiting.seek(0)
        stream.write(_corpus(texts, words, newest, described(selection)).encode())
        shutil.copyfileobj(waiting, stream)
    stream.write(b"</teiCorpus>\n")


def _corpus(texts: int, words: int, newest: str, selection: str) -> str:
    """The beginning of the corpus: how large it is, of when, which articles, and what made it."""
    made = "".join(
        f'<application ident="{name}" version="{version(name)}"><label>{name}</label></application>'
        for name in ("kbsworld", "trafilatura")
    )
    return f"""<?xml version='1.0' encoding='utf-8'?>
<teiCorpus xmlns="http://www.tei-c.org/ns/1.0">
<teiHeader><fileDesc><titleStmt><title>Articles of KBS World</title></titleStmt>
<extent><measure unit="text" quantity="{texts}">{texts} texts</measure>, <measure unit="word" quantity="{words}">{words}
words</measure></extent>
<publicationStmt>{_PUBLISHER}{_date(newest, "fetched")}{_TERMS}</publicationStmt>
<sourceDesc><p>Pages of world.kbs.co.kr, of which the articles alone were kept.</p></sourceDesc></fileDesc>
<encodingDesc><appInfo>{made}</appInfo>
<samplingDecl><p>{markup(selection)}</p></samplingDecl>
</encodingDesc></teiHeader>
"""


def _text(article: Exported) -> str:
    row = article.row
    lang = f' xml:lang="{row["lang"]}"' if _LANGUAGE.fullmatch(row["lang"]) else ""
    # Names begin with a digit, which an xml:id may not.
    body = "".join(blocks(article.paragraphs, markup, *_BLOCKS)) or "<p/>"
    return (
        f'<TEI xml:id="kbs-{name_of(row, version=True)}"><teiHeader>{_header(row)}</teiHeader>'
        f'<text{lang}><body><div type="entry">{body}</div></body></text></TEI>\n'
    )


def _header(row: Row) -> str:
    """Where an article is from, and what the page says about it."""
    kinds = ("written", "updated", "replaced")
    dates = "".join(_date(row[f"{kind}_at"], kind) for kind in kinds if row.get(f"{kind}_at"))
    url, lang, category = (markup(row[name] or "") for name in ("url", "lang", "category"))
    subject = f'<textClass><keywords><term type="category">{category}</term></keywords></textClass>' if category else ""
    return (
        f'<fileDesc><titleStmt><title type="main" level="a">{markup(row["title"] or "")}</title></titleStmt>'
        f"<publicationStmt>{_PUBLISHER}{dates}{_TERMS}</publicationStmt><sourceDesc><bibl>{_PUBLISHER}, "
        f'<ref target="{url}">{url}</ref>, {_date(row["fetched_at"], "fetched")}</bibl></sourceDesc></fileDesc>'
        f'<profileDesc><langUsage><language ident="{lang}">{lang}</language></langUsage>{subject}</profileDesc>'
    )


def _date(time: str, kind: str) -> str:
    text = markup(time)
    when = f' when="{text}"' if moment_of(time) else ""
    return f'<date type="{kind}"{when}>{text}</date>'
