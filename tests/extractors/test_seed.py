"""The saved page of the real site, and its reconstruction, against the gold record."""

import json
from pathlib import Path

import pytest

from extractors import Article, extract_html, extract_text
from tests.replica.reconstruction import ADDRESS, reconstruction

TEXT = "000_6ad28e2ce761a03c.txt"
HTML = "news_vod_view_83685.reconstruction.html"


def extract(seeds: Path, name: str, url: str = "") -> Article:
    page = (seeds / name).read_bytes()
    return extract_html(page, url) if name == HTML else extract_text(page.decode(), url or None)


@pytest.mark.parametrize("name", [TEXT, HTML])
def test_every_field_of_the_gold_record_comes_out_exactly(seeds: Path, name: str) -> None:
    gold = json.loads((seeds / "gold.json").read_text("utf-8"))
    article = extract(seeds, name).to_dict()
    assert {field: article[field] for field in gold} == gold
    assert len(gold["paragraphs"]) == 6


def test_text_and_reconstruction_are_one_version_of_one_article(seeds: Path) -> None:
    text, html = extract(seeds, TEXT, ADDRESS), extract(seeds, HTML, ADDRESS)
    for article in (text, html):
        assert article.url == "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=83685"
        assert (article.source_url, article.has_video, article.kind) == (ADDRESS, True, "news")
        assert article.timestamp == "2023-09-12T10:59:55+09:00"
    assert text.paragraphs == html.paragraphs


def test_the_reconstruction_is_what_its_generator_writes(seeds: Path) -> None:
    assert (seeds / HTML).read_bytes() == reconstruction()
