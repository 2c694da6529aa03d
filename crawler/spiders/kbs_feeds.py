"""kbs_feeds: the newest articles, from the RSS feeds: one request a feed where nothing is new."""

from collections.abc import Iterator

from crawler.arguments import ArgumentError
from crawler.spiders.coverage import Walk
from crawler.spiders.lists import ListSpider
from extractors.address import FEEDS, site_url
from extractors.listing import ListPage, extract_feed


class KbsFeedsSpider(ListSpider):
    name = "kbs_feeds"
    list_name = "feed"
    word_arguments = {"feed": ",".join(FEEDS), "category": ""}
    extract_entries = staticmethod(extract_feed)

    def __init__(self, lang: str = "f", since: str = "", until: str = "", full: str = "", **own: str) -> None:
        """As in ListSpider, but a feed has one page."""
        super().__init__(lang, since, until, full, **own)
        for name in self.words["feed"]:
            if name not in FEEDS:
                raise ArgumentError(f"feed={name} is not a feed of the site; there is {', '.join(FEEDS)}.")

    def lists(self, edition: str) -> Iterator[str]:
        for feed in self.words["feed"]:
            # Only the news feed was seen with a category.
            for category in (self.words["category"] if feed == "news" else []) or [""]:
                yield site_url(f"{feed} feed", edition, category=category)

    def page_read(self, walk: Walk, page: ListPage, known: set[str]) -> None:
        """If nothing on a feed is known, articles may have dropped off the feed since the last run."""
        if page.entries and not known and walk.coverage is not None:
            self.run.notes.append(
                f"{walk.url}: every entry is new, so some may have been missed; kbs_news finds those."
            )

    def list_is_empty(self, walk: Walk, url: str) -> None:  # noqa: ARG002
        """An empty feed is no failure: the site has had some."""
        self.run.notes.append(f"{url}: the feed is empty.")
