"""HTML: all articles on one page that needs nothing else, to be read, printed or mailed."""

from collections.abc import Iterable
from typing import IO

from storage.exports import Exported, blocks, markup
from storage.exports.digest import about, differences, web_address

# The page loads nothing and runs nothing, whatever is in the articles.
_HEAD = """<!DOCTYPE html>
<html lang="fr">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>KBS World</title>
<style>body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 1.1rem/1.5 Georgia, serif }</style>
<h1>KBS World</h1>
"""
_MARKS = {"equal": "{}", "delete": "<del>{}</del>", "insert": "<ins>{}</ins>"}
_BLOCKS = ("<p>{}</p>\n", "<ul>{}</ul>\n", "<li>{}</li>")


def write(articles: Iterable[Exported], stream: IO[bytes], _: object = None) -> None:
    """Write articles into a stream."""
    stream.write(_HEAD.encode())
    for article in articles:
        row = article.row
        title, link = markup(row["title"] or "(no title)"), web_address(row["url"])
        heading = f'<a href="{markup(link)}" rel="noreferrer">{title}</a>' if link else title
        head = f"<h2>{heading}</h2>\n<p>{markup(about(article))}</p>\n"
        stream.write(f'<article lang="{markup(row["lang"])}">\n{head}{fragment(article)}</article>\n'.encode())


def fragment(article: Exported) -> str:
    """What changed, where something is told to have changed, and the text, as the inside of an HTML element."""
    return changes(article) + "".join(blocks(article.paragraphs, markup, *_BLOCKS))


def changes(article: Exported) -> str:
    """What changed as a quotation; empty where nothing is told to have changed."""
    changed = ["".join(_MARKS[change].format(markup(text)) for change, text in it) for it in differences(article)]
    return f"<blockquote>{''.join(f'<p>{it}</p>' for it in changed)}</blockquote>\n" if changed else ""
