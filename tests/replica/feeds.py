"""The replica's feeds: RSS 2.0 of the newest articles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from email.utils import format_datetime
from html import escape

from extractors.dates import KST
from tests.replica.world import Entry, World

FEED_SIZE = 20


def feed(world: World, entries: Sequence[Entry]) -> bytes:
    """A feed of the first of `entries`; valid and empty where there are none."""
    items = "\n".join(_item(entry) for entry in entries[:FEED_SIZE])
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0">
<channel>
<title>KBS WORLD Radio</title>
<link>http://world.kbs.co.kr/?lang={world.edition}</link>
<description>KBS WORLD Radio</description>
{items}
</channel>
</rss>
""".encode()


def _item(entry: Entry) -> str:
    truth = entry.truth
    moment = truth.updated_at or truth.written_at
    assert moment is not None
    link = escape(truth.url.replace("https:", "http:"))
    return f"""<item>
<title>{escape(truth.title or "")}</title>
<link>{link}</link>
<description>{escape(entry.summary)}</description>
<pubDate>{_rfc_822(moment)}</pubDate>
<guid>{link}</guid>
</item>"""


def _rfc_822(moment: date) -> str:
    """`Fri, 20 Nov 2026 18:00:00 +0900`; a day as its midnight."""
    return format_datetime(moment if isinstance(moment, datetime) else datetime.combine(moment, time(), KST))
