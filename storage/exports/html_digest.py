"""HTML: all articles on one page that needs nothing else, to be read, printed or mailed."""

from collections.abc import Iterable, Iterator
from typing import IO

from storage.exports import Exported, blocks, markup
from storage.exports.digest import about, differences, web_address
from storage.selection import NEWEST, Selection

# The page loads nothing and runs nothing, whatever is in the articles.
_HEAD = """<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>KBS World</title>
<style>
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.5 Georgia, serif; color-scheme: light dark }
article { margin-bottom: 3rem } .about { font: .9rem sans-serif; opacity: .8 }
del { background: #f6b7b7; color: #000 } ins { background: #b7e4b7; color: #000 }
</style>
</head>
<body>
<h1>KBS World</h1>
"""
_MARKS = {"equal": "{}", "delete": "<del>{}</del>", "insert": "<ins>{}</ins>"}


def write(articles: Iterable[Exported], stream: IO[bytes], _: Selection = NEWEST) -> None:
    """Write articles into a stream."""
    stream.write(_HEAD.encode())
    for article in articles:
        row = article.row
        title, link = markup(row["title"] or "(no title)"), web_address(row["url"])
        heading = f'<a href="{markup(link)}" rel="noreferrer">{title}</a>' if link else title
        head = f'<h2>{heading}</h2>\n<p class="about">{markup(about(article))}</p>\n'
        stream.write(f'<article lang="{markup(row["lang"])}">\n{head}{fragment(article)}</article>\n'.encode())
    stream.write(b"</body>\n</html>\n")


def fragment(article: Exported) -> str:
    """What changed, where something is told to have changed, and the text, as the inside of an HTML element."""
    return "".join((*_changes(article), *_blocks(article.paragraphs)))


def _changes(article: Exported) -> Iterator[str]:
    changed = ["".join(_MARKS[change].format(markup(text)) for change, text in it) for it in differences(article)]
    if changed:
        yield "<blockquote>" + "".join(f"<p>{it}</p>\n" for it in changed) + "</blockquote>\n"


def _blocks(paragraphs: list[str]) -> Iterator[str]:
    for is_item, texts in blocks(paragraphs):
        if is_item:
            yield "<ul>" + "".join(f"<li>{markup(text)}</li>" for text in texts) + "</ul>\n"
        else:
            yield from (f"<p>{markup(text)}</p>\n" for text in texts)
