"""Print the articles of saved pages; nothing is stored.

Prints the article of each FILE: a saved HTML page, a page saved as plain text, a folder of them, or - for standard
input. The type of a page is detected from its content.

Examples:
  kbsworld extract page.html
  kbsworld extract --format markdown saved/ > articles.md
  curl -s "$URL" | kbsworld extract --url "$URL" -
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from crawler.arguments import ArgumentError, open_at_once, own_layouts
from crawler.command import OfflineCommand
from crawler.terminal import WORK_FAILED
from extractors import Article, NotAnArticle
from extractors.address import SITE, parse_address
from extractors.html import extract_page

_STDIN = "-"
# The content of a page file, not its name, says whether it is HTML or a text capture.
_PAGE_SUFFIXES = (".htm", ".html", ".txt")


class Command(OfflineCommand):
    usage = "[options] FILE..."
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--url", help="the address of the page (default: the og:url that an HTML page names)")
        text = "json: one line per article (default); markdown, text: to read"
        add("--format", choices=("json", "markdown", "text"), default="json", help=text)

    def work(self, args: list[str], opts: Namespace) -> int:
        if not args:
            raise ArgumentError("Name at least one file or folder, or - for standard input.")
        if opts.url and parse_address(opts.url) is None:
            raise ArgumentError(f"--url must be an address of KBS World, such as {SITE}/service/…, not {opts.url}.")
        pages = [page for name in args for page in _page_files(name)]
        if opts.url and len(pages) > 1:
            raise ArgumentError(f"--url is the address of one page, but {len(pages)} pages are given.")
        max_page, layouts = self.settings.getint("KBS_MAX_PAGE"), own_layouts(self.settings)
        for page in pages:
            try:
                article = extract_page(_read(page, max_page), opts.url or "", layouts=layouts)
            except (NotAnArticle, OSError, ValueError) as error:
                reason = (isinstance(error, OSError) and error.strerror) or error
                self.complain(f"{'standard input' if page == _STDIN else page}: {reason}", WORK_FAILED)
                continue
            if opts.format == "json":
                print(json.dumps(article.to_dict(), ensure_ascii=False))
            else:
                print(_for_reading(article, is_markdown=opts.format == "markdown"))
        return 0


def _page_files(name: str) -> list[str]:
    """The page files below a folder, in order of their paths; a name that is no folder is a page itself."""
    if name == _STDIN or not Path(name).is_dir():
        return [name]
    files = (file for file in Path(name).rglob("*") if file.suffix.lower() in _PAGE_SUFFIXES and file.is_file())
    if not (pages := [str(file) for file in sorted(files)]):
        raise FileNotFoundError(f"{name}: no page in this folder ({', '.join(_PAGE_SUFFIXES)}).")
    return pages


def _read(page: str, max_page: int) -> bytes:
    """A page file, or standard input; ValueError where it is longer than `max_page` bytes, or compressed."""
    with sys.stdin.buffer if page == _STDIN else open_at_once(Path(page)) as stream:
        body = stream.read(max_page + 1)
    if len(body) > max_page:
        raise ValueError(f"larger than a page may be ({max_page:,} bytes); KBS_MAX_PAGE sets the limit.")
    if body.startswith(b"\x1f\x8b"):
        raise ValueError("compressed, as WARC files are; kbsworld reextract reads those.")
    return body


def _for_reading(article: Article, *, is_markdown: bool) -> str:
    title = f"# {article.title}" if article.title and is_markdown else article.title
    # In the page's order: written, then updated.
    dates = [str(moment) for moment in (article.written_at, article.updated_at) if moment]
    about = " · ".join(filter(None, [article.category, *dates]))
    source = f"<{article.url}>" if is_markdown and not article.url.startswith("urn:") else None
    return "\n\n".join(filter(None, [title, about, article.text, source])) + "\n"
