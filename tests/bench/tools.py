"""The tools that are compared, each as one function: page and address in, text and day out."""

import logging
import warnings
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import lxml.html

from extractors import extract_html

#: The text and the day it was written, each None if the tool gives none.
Found = tuple[str | None, date | None]
Tool = Callable[[bytes, str], Found]


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value[:10]) if value else None


def kbsworld(page: bytes, url: str) -> Found:
    article = extract_html(page, url)
    return article.text, _day(article.written_at)


def load_tools() -> dict[str, Tool]:
    """Every tool by its name in the table; imported here, since only the environment of the bench has them."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    import goose3
    import justext
    import newspaper
    import readability
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    goose = goose3.Goose({"use_meta_language": False, "target_language": "fr", "enable_image_fetching": False})
    stoplist = justext.get_stoplist("French")

    def trafilatura_page(page: bytes, url: str) -> Found:
        found = trafilatura.bare_extraction(page, url=url, with_metadata=True, include_comments=False)
        return getattr(found, "text", None), _day(getattr(found, "date", None))

    def readability_page(page: bytes, _: str) -> Found:
        summary = lxml.html.fromstring(readability.Document(page.decode()).summary())
        for br in summary.iter("br"):
            br.tail = "\n" + (br.tail or "")
        return summary.text_content(), None

    def newspaper_page(page: bytes, url: str) -> Found:
        article = newspaper.article(url, input_html=page.decode(), language="fr")
        return article.text, _day(article.publish_date)

    def goose_page(page: bytes, _: str) -> Found:
        article = goose.extract(raw_html=page.decode())
        return article.cleaned_text, _day(article.publish_datetime_utc)

    def justext_page(page: bytes, _: str) -> Found:
        return "\n".join(part.text for part in justext.justext(page, stoplist) if not part.is_boilerplate), None

    return {
        "kbsworld": kbsworld,
        "trafilatura, whole page": trafilatura_page,
        "readability-lxml": readability_page,
        "newspaper4k": newspaper_page,
        "goose3": goose_page,
        "resiliparse": lambda page, _: (extract_plain_text(page.decode(), main_content=True), None),
        "justext": justext_page,
    }
