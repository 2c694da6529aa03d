"""HTML: all articles on one page (digest.html); and what any digest, feed and `kbsworld new` say of an article."""

from collections.abc import Iterable, Iterator
from typing import IO, Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader

from extractors.address import EDITIONS, SITE
from extractors.article import KST
from storage.difference import Piece, compare_paragraphs, compare_words
from storage.exports import Exported, blocks, markup, moment_of

# Columns besides title and text whose change is told.
_FIELDS = ("category", "written_at", "image_url", "image_credit", "has_video")


def write(articles: Iterable[Exported], stream: IO[bytes], _: object = None) -> None:
    """Write articles into a stream, as a page that needs nothing else, to be read, printed or mailed."""
    digest = template("digest.html")
    stream.write(digest.head().encode())
    for article in articles:
        stream.write(digest.page(article).encode())


def template(name: str) -> Any:
    """The macros of a file in templates/, which take and return text."""
    return _TEMPLATES.get_template(name).module


def about(article: Exported) -> str:
    """When an article was written and updated, its category, and what is told of it, as a line."""
    row = article.row
    updated = f"updated {_time(row['updated_at'])}" if row["updated_at"] else ""
    change = f"{article.change} without a new date" if article.change == "edited" else article.change
    if article.before and (seen := moment_of(article.before.row.get("replaced_at"))):
        change = f"{change}, seen {_time(seen.astimezone(KST).isoformat())}"
    return " · ".join(filter(None, [_time(row["written_at"] or row["timestamp"]), updated, row["category"], change]))


def differences(article: Exported) -> Iterator[list[Piece]]:
    """The title, the paragraphs and the fields in which an article differs from the version before, each in pieces."""
    if article.before is None:
        return
    old, new = article.before.row, article.row
    found = [compare_words(old["title"] or "", new["title"] or "")]
    found += compare_paragraphs(article.before.paragraphs, article.paragraphs)
    found += [compare_words(*(f"{name}: {row[name] or ''}" for row in (old, new))) for name in _FIELDS]
    yield from (pieces for pieces in found if any(piece.change != "equal" for piece in pieces))


def web_address(url: str | None) -> str:
    """An address, in ASCII, if a link may lead to it, else empty: a page can give any text as one."""
    return quote(url, safe="!#$%&'()*+,/:;=?@[]") if url and url.startswith(("https://", "http://")) else ""


def _time(moment: str) -> str:
    """A time of the database, which is in KST, as people read it; a day stays a day."""
    return f"{moment[:10]} {moment[11:16]} KST" if len(moment) > len("2026-11-24") else moment


# Texts are escaped by the filter `markup`: jinja2's own escaping would examine what each macro gives, too.
_TEMPLATES = Environment(loader=PackageLoader("storage.exports"), trim_blocks=True)  # noqa: S701
_TEMPLATES.filters["markup"] = markup
_TEMPLATES.globals |= {each.__name__: each for each in (about, blocks, differences, moment_of, web_address)}
_TEMPLATES.globals |= {"languages": set(EDITIONS.values()), "site": SITE}
