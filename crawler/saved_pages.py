"""The work of `scrapy extract`: the articles of saved pages are printed, and what holds none is told."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from crawler.terminal import WORK_FAILED, tell
from extractors import Article, NotAnArticle
from extractors.address import SITE, parse_address
from extractors.html import NO_ADDRESS
from extractors.page import NO_TEXT, extract_page
from storage.archive import page_files, read_page


class SavedPages:
    """The pages of one call."""

    def __init__(self, names: Sequence[str], url: str | None, form: str) -> None:
        """The pages that files, folders and `-` name.

        Args:
            names: of files, folders, or `-`.
            url: the address of the page, where there is one page.
            form: one of FORMATS.

        Raises:
            ValueError: the call is wrong; the message is a sentence.
        """
        # A reader that has seen enough (`| head`) ends the command without a word, as with other tools.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        self._url = url
        self._form = FORMATS[form]
        self._status = 0
        self._pages = [page for name in names for page in self._named(name)]
        if url and parse_address(url) is None:
            raise ValueError(f"--url {url} is no address of KBS World, such as {SITE}/service/….")
        if url and len(self._pages) > 1:
            raise ValueError(f"--url is the address of one page, and there are {len(self._pages)} here.")

    def print(self) -> int:
        """Print the articles; the exit status."""
        for name, read in self._pages:
            try:
                article = _extract(read(), self._url)
            except (NotAnArticle, OSError, ValueError) as error:
                self._complain(f"{name}: {_explain(error)}")
            else:
                print(self._form(article))
        return self._status

    def _named(self, name: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
        """The pages an argument names, each with the function that reads it."""
        if name == "-":
            yield "standard input", partial(read_page, sys.stdin.buffer)
            return
        try:
            for file in page_files(Path(name)):
                yield str(file), partial(_read_file, file)
        except OSError as error:
            self._complain(str(error))

    def _complain(self, sentence: str) -> None:
        tell(sentence)
        self._status = WORK_FAILED


def _read_file(file: Path) -> bytes:
    with file.open("rb") as stream:
        return read_page(stream)


def _extract(page: bytes, url: str | None) -> Article:
    if page.startswith(b"\x1f\x8b"):
        raise ValueError("compressed, as WARC files are; README says how to get a page out of one.")
    return extract_page(page, url or "")


def _explain(error: Exception) -> str:
    if isinstance(error, NotAnArticle) and error.reason == NO_ADDRESS:
        return f"{error.reason}; give it with --url"
    if isinstance(error, NotAnArticle) and error.reason == NO_TEXT:
        return f"{error.reason}; convert it first, as with iconv -t UTF-8."
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _json(article: Article) -> str:
    return json.dumps(article.to_dict(), ensure_ascii=False)


def _text(article: Article) -> str:
    return "\n\n".join(filter(None, [article.title, _about(article), article.text])) + "\n"


def _markdown(article: Article) -> str:
    title = article.title and f"# {article.title}"
    source = None if article.url.startswith("urn:") else f"<{article.url}>"
    return "\n\n".join(filter(None, [title, _about(article), article.text, source])) + "\n"


def _about(article: Article) -> str:
    """Category and dates on one line, in the page's order: written, then updated."""
    dates = [str(moment) for moment in (article.written_at, article.updated_at) if moment]
    return " · ".join(filter(None, [article.category, *dates]))


FORMATS: dict[str, Callable[[Article], str]] = {"json": _json, "text": _text, "markdown": _markdown}
