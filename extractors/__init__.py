"""One page of KBS World in, one Article out: pure functions, without network, clock or database."""

from extractors.article import Article, NotAnArticle
from extractors.html import extract_html, extract_page
from extractors.text import extract_text

__all__ = ["Article", "NotAnArticle", "extract_html", "extract_page", "extract_text"]
