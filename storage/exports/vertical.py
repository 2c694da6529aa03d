"""One word a line with its lemma, in `<doc>`, `<p>` and `<s>`: for Sketch Engine, NoSketch Engine, CWB and TXM."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import IO

from storage.exports import Exported, day_of, markup, name_of
from storage.selection import NEWEST, Selection

_COLUMNS = ("url", "timestamp", "title", "category", "kind", "lang")
# A word that lost its vowel is a word of its own: l’, d’, qu’. simplemma leaves l’homme whole.
_ELIDED = r"\b(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu)['’](?=\w)"
_BLANKS = re.compile(r"\s+")
_CACHED = 1 << 16


def write(articles: Iterable[Exported], stream: IO[bytes], selection: Selection = NEWEST) -> None:
    """Write articles into a stream, as UTF-8; ImportError, with a sentence, where simplemma is missing."""
    try:
        from simplemma import Lemmatizer, RegexTokenizer, split_sentences
        from simplemma.tokenizer import TOKREGEX
    except ImportError as error:
        raise ImportError("--format vertical needs simplemma: pip install 'kbsworld[lemmas]'.") from error

    # And no sign is left out, as simplemma's own expression does with those that are neither letters nor punctuation.
    words = RegexTokenizer(re.compile(rf"(?i:{_ELIDED})|{TOKREGEX.pattern}|\S")).split_text
    lemmatize = Lemmatizer().lemmatize

    @cache
    def known(lang: str) -> str | None:
        try:
            lemmatize("a", lang)
        except ValueError:  # of an edition whose language it does not know a word is its own lemma
            return None
        return lang

    @lru_cache(maxsize=_CACHED)
    def lines(chunk: str, code: str | None) -> str:
        return "".join(f"{markup(word)}\t{markup(lemmatize(word, code) if code else word)}\n" for word in words(chunk))

    def sentences(text: str, lang: str) -> Iterator[str]:
        code = known(lang)
        for sentence in split_sentences(text, code):
            # No word has a blank in it: what is between blanks, and mostly was before, is split and looked up once.
            yield f"<s>\n{''.join(lines(chunk, code) for chunk in sentence.split())}</s>\n"

    for article in articles:
        stream.write(_doc(article, sentences, version=selection.all_versions).encode())


def _doc(article: Exported, sentences: Callable[[str, str], Iterator[str]], *, version: bool) -> str:
    row = article.row
    about = {"id": name_of(row, version=version), "date": day_of(row)} | {name: row[name] or "" for name in _COLUMNS}
    attributes = "".join(f' {name}="{markup(_BLANKS.sub(" ", value))}"' for name, value in about.items())
    body = "".join(f"<p>\n{''.join(sentences(text, row['lang']))}</p>\n" for text in article.paragraphs)
    return f"<doc{attributes}>\n{body}</doc>\n"
