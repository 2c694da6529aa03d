"""scrapy extract: the articles of saved pages, printed and not stored."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from io import TextIOWrapper
from pathlib import Path

from scrapy.commands import ScrapyCommand

from crawler.failures import WORK_FAILED, WRONG_CALL, complain
from extractors import Article, NotAnArticle
from extractors.address import SITE, parse_address
from extractors.html import NO_ADDRESS
from extractors.page import NO_TEXT, extract_page
from storage.archive import page_files, read_page


class Command(ScrapyCommand):
    """Reads HTML pages and text captures, told apart by content; data on stdout, what is refused on stderr."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[options] FILE..."

    def short_desc(self) -> str:
        return "Print the articles of saved pages; nothing is stored"

    def long_desc(self) -> str:
        return (
            "Prints the article of each FILE: a saved HTML page, a page saved as plain text, a folder of "
            "them, or - for standard input. Exit status: 0, 1 where a file held no article or could not be read, 2 for "
            "a wrong call."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--url",
            metavar="URL",
            help="the address the page was fetched from; without it, an HTML page's own og:url counts",
        )
        parser.add_argument(
            "--format", choices=sorted(FORMATS), default="json", help="json: one line an article (default: json)"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        for argument in args:
            if argument.startswith("-") and argument != "-":
                return complain(self, f"There is no option {argument}; scrapy extract --help names them.", WRONG_CALL)
        if not args:
            return complain(self, "Name at least one file or folder, or - for standard input.", WRONG_CALL)
        # A reader that has seen enough (`| head`) ends the command without a word, as with other tools.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        pages = [page for name in args for page in self._pages(name)]
        if opts.url and parse_address(opts.url) is None:
            return complain(self, f"--url {opts.url} is no address of KBS World, such as {SITE}/service/….", WRONG_CALL)
        if opts.url and len(pages) > 1:
            return complain(self, f"--url is the address of one page, and there are {len(pages)} here.", WRONG_CALL)
        for name, read in pages:
            try:
                article = _extract(read(), opts.url)
            except (NotAnArticle, OSError, ValueError) as error:
                complain(self, f"{name}: {_explain(error)}", WORK_FAILED)
            else:
                print(FORMATS[opts.format](article))
        return None

    def _pages(self, name: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
        """The pages an argument names, each with the function that reads it."""
        if name == "-":
            yield "standard input", partial(read_page, sys.stdin.buffer)
            return
        try:
            for file in page_files(Path(name)):
                yield str(file), partial(_read_file, file)
        except OSError as error:
            complain(self, str(error), WORK_FAILED)


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
