"""One word a line with its lemma, in `<doc>`, `<p>` and `<s>`: for Sketch Engine, NoSketch Engine, CWB and TXM."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import IO

from simplemma import RegexTokenizer, lemmatize, split_sentences
from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES
from simplemma.tokenizer import TOKREGEX

from storage.exports import Exported, day_of, markup, name_of
from storage.selection import NEWEST, Selection

_ATTRIBUTES = ("id", "date", "url", "timestamp", "title", "category", "kind", "lang")
# A word that lost its vowel is a word of its own: l’, d’, qu’. simplemma leaves l’homme whole.
_ELIDED = r"\b(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu)['’](?=\w)"
# And no sign is left out, as simplemma's own expression does with those that are neither letters nor punctuation.
_WORDS = RegexTokenizer(re.compile(rf"(?i:{_ELIDED})|{TOKREGEX.pattern}|\S"))


def write(articles: Iterable[Exported], stream: IO[bytes], selection: Selection = NEWEST) -> None:
    """Write articles into a stream, as UTF-8."""
    for row, paragraphs, *_ in articles:
        # Of an edition whose language simplemma does not know a word is its own lemma.
        code = row["lang"] if row["lang"] in SUPPORTED_LANGUAGES else None
        values = row | {"id": name_of(row, version=selection.all_versions), "date": day_of(row)}
        about = "".join(f' {name}="{markup(" ".join((values[name] or "").split()))}"' for name in _ATTRIBUTES)
        body = "".join(f"<p>\n{''.join(_sentences(text, code))}</p>\n" for text in paragraphs)
        stream.write(f"<doc{about}>\n{body}</doc>\n".encode())


def _sentences(text: str, code: str | None) -> Iterator[str]:
    for sentence in split_sentences(text, code):
        # No word has a blank in it: what is between blanks, and mostly was before, is split and looked up once.
        yield f"<s>\n{''.join(_lines(chunk, code) for chunk in sentence.split())}</s>\n"


@lru_cache(maxsize=1 << 16)
def _lines(chunk: str, code: str | None) -> str:
    words = _WORDS.split_text(chunk)
    return "".join(f"{markup(word)}\t{markup(lemmatize(word, code) if code else word)}\n" for word in words)
