"""Atom (RFC 4287): a feed with the whole text of each article, the newest first."""

from collections.abc import Iterable
from typing import IO
from uuid import NAMESPACE_URL, uuid5

from feedgenerator import Atom1Feed

from extractors.address import SITE
from storage.exports import FORBIDDEN, REPLACEMENT, Exported, described, moment_of
from storage.exports.digest import template, web_address
from storage.selection import NEWEST, Selection


def write(
    articles: Iterable[Exported], stream: IO[bytes], selection: Selection = NEWEST, address: str | None = None
) -> None:
    """Write articles into a stream; all are held in memory until then.

    Args:
        articles: the newest first.
        selection: which these are; the feed's id is made of it.
        address: where the feed itself is, if it has an address.
    """
    about, fragment = described(selection), template("digest.html").fragment
    feed = Atom1Feed("KBS World", SITE, about, language="fr", author_name="KBS World", feed_url=address)
    feed.feed["id"] = uuid5(NAMESPACE_URL, f"kbsworld {about}").urn
    for article in articles:
        row = article.row
        title, url, category = (FORBIDDEN.sub(REPLACEMENT, row[name] or "") for name in ("title", "url", "category"))
        # Readers show again what is later: an edit without a new date is as late as it was seen.
        moment = None if article.change == "edited" else moment_of(row["timestamp"])
        feed.add_item(
            title or "(no title)",
            web_address(url) or SITE,
            None,
            unique_id=url,
            pubdate=moment_of(row["written_at"]),
            updateddate=moment or moment_of(row["fetched_at"]),
            categories=[category] if category else (),
            content=fragment(article),
        )
    if not feed.items:  # the library takes the time of now; an export made again is the same bytes
        feed.latest_post_date = lambda: moment_of("2000-01-01")
    feed.write(stream, "utf-8")
