"""Atom (RFC 4287): a feed with the whole text of each article, the newest first."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain, islice
from typing import IO, Any
from uuid import NAMESPACE_URL, uuid5

from feedgenerator import Atom1Feed

from extractors.address import SITE
from storage.exports import FORBIDDEN, REPLACEMENT, Exported, described, moment_of
from storage.exports.digest import web_address
from storage.exports.html_digest import fragment
from storage.selection import NEWEST, Selection

# Where there is no article, or a damaged row has no time that Atom could hold.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def write(
    articles: Iterable[Exported], stream: IO[bytes], selection: Selection = NEWEST, address: str | None = None
) -> None:
    """Write articles into a stream.

    Args:
        articles: the newest first.
        selection: which these are; the feed's id is made of it.
        address: where the feed itself is, if it has an address.
    """
    left, about = iter(articles), described(selection)
    first = list(islice(left, 1))
    feed = Atom1Feed("KBS World", SITE, about, language="fr", author_name="KBS World", feed_url=address)
    feed.feed["id"] = uuid5(NAMESPACE_URL, f"kbsworld {about}").urn
    # The library would hold all entries, to find out when the last one was updated.
    feed.latest_post_date = lambda: _updated(first[0]) if first else _NEVER
    feed.items = map(_entry, chain(first, left))
    feed.write(stream, "utf-8")


def _entry(article: Exported) -> dict[str, Any]:
    row, feed = article.row, Atom1Feed("", "", "")
    title, url, category = (FORBIDDEN.sub(REPLACEMENT, row[name] or "") for name in ("title", "url", "category"))
    feed.add_item(
        title or "(no title)",
        web_address(url) or SITE,
        None,
        unique_id=url,
        pubdate=moment_of(row["written_at"]),
        updateddate=_updated(article),
        categories=[category] if category else (),
        content=fragment(article),
    )
    return feed.items[0]  # type: ignore[no-any-return]


def _updated(article: Exported) -> datetime:
    """The time of the version, in KST; of an edit that has none when it was seen: readers show again what is later."""
    return moment_of(article.row["fetched_at" if article.change == "edited" else "timestamp"]) or _NEVER
