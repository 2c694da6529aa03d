"""python -m tests.replica.reconstruction: print the page that the saved seed text was saved from, rebuilt.

It is not a saved page: the skeleton is the site's, the noise the replica's, the article the seed's. The file in seeds/
is this output, which a test checks.
"""

import sys
from dataclasses import replace
from pathlib import Path
from random import Random

from extractors import extract_text

from .markup import Block, render_body
from .pages import article_page
from .world import Entry, World

SEED = Path(__file__).parents[2] / "seeds" / "000_6ad28e2ce761a03c.txt"
#: The address that the seed was saved from.
ADDRESS = "https://rki.kbs.co.kr/service/news_vod_view.htm?lang=f&menu_cate=videonews&id=In&Seq_Code=83685"
LABEL = b"<!-- A RECONSTRUCTION, not a saved page: see seeds/README.md -->\n"


def reconstruction() -> bytes:
    """The page, with a picture and a category that the text does not give."""
    article = replace(
        extract_text(SEED.read_text("utf-8"), ADDRESS),
        category="International",
        image_url="https://worldimg.kbs.co.kr/src/images/news/83685.jpg",
    )
    blocks = tuple(Block("p", (paragraph,)) for paragraph in article.paragraphs)
    body = render_body(blocks, "breaks", Random(83685))
    page = article_page("f", Entry(83685, "In", blocks, "breaks", article), body, World(articles=18).entries)
    doctype, rest = page.split(b"\n", 1)
    return doctype + b"\n" + LABEL + rest


if __name__ == "__main__":
    sys.stdout.buffer.write(reconstruction())
