"""Atom (RFC 4287): a feed with the whole text of each article, the newest first."""

import shutil
from collections.abc import Iterable
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO
from uuid import NAMESPACE_URL, uuid5

from extractors.article import KST
from storage.exports import Exported, described, moment_of
from storage.exports.digest import template
from storage.selection import NEWEST, Selection

# Of a feed without articles, and of an article without a time: an export that is made again is the same bytes.
_NEVER = datetime(2000, 1, 1, tzinfo=KST)


def write(
    articles: Iterable[Exported], stream: IO[bytes], selection: Selection = NEWEST, address: str | None = None
) -> None:
    """Write articles, the newest first, into a stream (atom.xml): the feed of `selection`, at `address` if anywhere."""
    about, feed, latest = described(selection), template("atom.xml"), _NEVER
    with SpooledTemporaryFile(1 << 20) as waiting:  # for the head, which says when the newest changed
        for article in articles:
            row = article.row
            # Readers show again what is later: an edit without a new date is as late as it was seen.
            moment = None if article.change == "edited" else moment_of(row["timestamp"])
            moment = moment or moment_of(row["fetched_at"]) or _NEVER
            latest = max(latest, moment)
            waiting.write(feed.entry(article, moment.isoformat()).encode())
        waiting.seek(0)
        identity = uuid5(NAMESPACE_URL, f"kbsworld {about}").urn
        stream.write(feed.head(about, identity, latest.isoformat(), address).encode())
        shutil.copyfileobj(waiting, stream)
    stream.write(b"</feed>\n")
