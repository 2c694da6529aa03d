"""KST timestamps as the site prints them."""

import contextlib
import re
from datetime import date, datetime, timedelta, timezone

#: Korea Standard Time. No daylight saving since 1988: a fixed offset is exact for all this site ever published.
KST = timezone(timedelta(hours=9), "KST")

# News give a moment, features a day (README.md, "Dates"). [0-9], not \d: other scripts' digits are not the site's.
_SHAPE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:\s+[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?"
_TIMESTAMP = re.compile(rf"(?<![0-9]){_SHAPE}(?![0-9-])")
# One timestamp or two, each perhaps with a label, and nothing else. The words of the labels are not read.
_DATE_BLOCK = re.compile(rf"(?:[^0-9:]{{1,30}}:\s*)?{_SHAPE}(?:\s*/?\s*(?:[^0-9:/]{{1,30}}:\s*)?{_SHAPE})?")


def is_date_block(text: str) -> bool:
    """Whether a line is a date block: `Write: 2023-09-12 10:59:55`, or `2026-09-11`, and no other words."""
    return _DATE_BLOCK.fullmatch(text) is not None


def find_dates(text: str) -> tuple[datetime | date | None, datetime | date | None]:
    """When an article was written and when it was updated: the first and the second timestamp in a date block.

    Args:
        text: the words of a date block, such as `Written: 2023-11-07 15:03:30 / Updated: 2023-11-07 15:30:46`. Labels
            differ from page to page and are not read.

    Returns:
        Aware datetimes in KST, or dates where only a day is given; None for what is missing. What looks like a
        timestamp but is no day of the calendar (2023-02-30) is left out.
    """
    found: list[datetime | date | None] = []
    for day, *time in (timestamp.split() for timestamp in _TIMESTAMP.findall(text)):
        with contextlib.suppress(ValueError):
            found.append(
                datetime.fromisoformat(f"{day}T{time[0]}").replace(tzinfo=KST) if time else date.fromisoformat(day)
            )
    written, updated, *_ = *found, None, None
    return written, updated
