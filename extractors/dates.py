"""KST timestamps as the site prints them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

#: Korea Standard Time. No daylight saving since 1988: a fixed offset is exact for all this site ever published.
KST = timezone(timedelta(hours=9), "KST")

# News give a moment, features a day (SITE: Dates). [0-9], not \d: other scripts' digits are not the site's.
_TIMESTAMP = re.compile(r"(?<![0-9])([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\s+([0-9]{2}:[0-9]{2}(?::[0-9]{2})?))?(?![0-9-])")


def find_timestamps(text: str) -> list[datetime | date]:
    """Every timestamp in `text`, in reading order.

    Args:
        text: the words of a date block, such as `Written: 2023-11-07 15:03:30 / Updated: 2023-11-07 15:30:46`. Labels
            differ from page to page and are not looked at.

    Returns:
        Aware datetimes in KST, or dates where only a day is given. What looks like a timestamp but is no day of the
        calendar (2023-02-30) is left out.
    """
    found: list[datetime | date] = []
    for day, time in _TIMESTAMP.findall(text):
        try:
            found.append(
                datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=KST) if time else date.fromisoformat(day)
            )
        except ValueError:
            continue
    return found
