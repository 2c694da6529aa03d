"""What extraction gives: Article or NotAnArticle; and dates as the site prints them, in KST."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any, Self, TypeVar

Date = TypeVar("Date", bound=str | date)

#: Korea Standard Time. No daylight saving since 1988: a fixed offset is exact for all this site ever published.
KST = timezone(timedelta(hours=9), "KST")

# The site is not older: a page dated before, such as 0001-01-01 or 1970-01-01, does not know its date.
_FIRST_YEAR = "1995"
# News give a moment, features a day (README.md, "Dates"). [0-9], not \d: other scripts' digits are not the site's.
_SHAPE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:\s+[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?"
_TIMESTAMP = re.compile(rf"(?<![0-9]){_SHAPE}(?![0-9-])")
# One timestamp or two, each perhaps with a label, and nothing else. The words of the labels are not read. Features have
# the name of their programme before a separator: "#Artist Search l 2020-05-04".
_DATE_BLOCK = re.compile(
    rf"(?:[^0-9:]{{1,30}}:\s*|\S.{{0,80}} l )?{_SHAPE}(?:\s*/?\s*(?:[^0-9:/]{{1,30}}:\s*)?{_SHAPE})?"
)


class NotAnArticle(Exception):
    """The page holds no article of KBS World.

    Attributes:
        reason: why, as a short phrase without page content, so that refusals can be counted by it.
        passing: whether the page looks like a fault of the site and not like a page of it: another try may give one.
    """

    def __init__(self, reason: str, passing: bool = False) -> None:
        super().__init__(reason, passing)  # both, for an exception is pickled by its arguments
        self.reason = reason
        self.passing = passing

    def __str__(self) -> str:
        return self.reason


def _iso(value: str | date | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value


def _moment(value: str | None) -> datetime | date | None:
    if value is None:
        return None
    return date.fromisoformat(value) if len(value) == len("2026-11-07") else datetime.fromisoformat(value)


# Scrapy's feed exporters read "serializer" from a field's metadata; without it they would drop the time zone.
_ISO: dict[str, Any] = {"serializer": _iso}


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One version of one article, as clean text.

    Every field comes from the article's own part of the page. A field the page does not give is None, never a guess.
    Times are aware and in KST (UTC+09:00): the site prints KST without saying so.

    Attributes:
        url: canonical address, the same for every way the page can be reached; a video view has the url of its
            article. `urn:sha256:…` for a text capture whose address is not known.
        timestamp: the version, in ISO 8601: `updated_at`, else `written_at`. None only when the page gives neither;
            storage then fills in the time of the first capture.
        kind: `news`, `feature`, `programme` or `other`.
        lang: ISO 639-1 code of the edition: `fr` for `lang=f`.
        title: the headline, without the site's name; None only where the source has none.
        category: the page's own word for it.
        written_at: when it was first published; a bare date where the page gives a day only.
        updated_at: when it was last changed, if the page says so.
        paragraphs: the body, one entry per paragraph: white space collapsed, NFC, no zero-width characters.
        text: `paragraphs` joined by a blank line (derived).
        image_url: absolute address of the lead picture.
        image_credit: who took it ("YONHAP News"), without the word before the colon.
        has_video: the page carries a player.
        truncated: the capture ends inside the body.
        layout: the template that matched; `generic` where none did, `text` for text captures.
        source_url: the address as fetched.
    """

    url: str
    timestamp: str | None = None
    kind: str
    lang: str
    title: str | None
    category: str | None = None
    written_at: datetime | date | None = field(default=None, metadata=_ISO)
    updated_at: datetime | date | None = field(default=None, metadata=_ISO)
    paragraphs: tuple[str, ...]
    text: str = field(init=False)
    image_url: str | None = None
    image_credit: str | None = None
    has_video: bool = False
    truncated: bool = False
    layout: str
    source_url: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", "\n\n".join(self.paragraphs))
        if self.timestamp is None:
            object.__setattr__(self, "timestamp", _iso(self.updated_at or self.written_at))

    def to_dict(self) -> dict[str, Any]:
        """The article as JSON types: ISO 8601 strings for times, a list for `paragraphs`; every field is a key."""
        dates = {"written_at": _iso(self.written_at), "updated_at": _iso(self.updated_at)}
        return {name: getattr(self, name) for name in self.__slots__} | dates | {"paragraphs": list(self.paragraphs)}

    def as_of(self, fetched_at: datetime) -> Self:
        """The article without dates that are not `credible` on a page fetched at that moment (aware)."""
        written_at, updated_at = credible(self.written_at, fetched_at), credible(self.updated_at, fetched_at)
        return replace(self, timestamp=None, written_at=written_at, updated_at=updated_at)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The article that `to_dict` turned into `values`; keys that are no field are ignored.

        Raises:
            KeyError: a field without a default is missing.
            ValueError: a time is not ISO 8601.
        """
        known: dict[str, Any] = {f.name: values[f.name] for f in fields(cls) if f.init and f.name in values}
        dates = {name: _moment(known.get(name)) for name in ("written_at", "updated_at")}
        return cls(**known | dates | {"paragraphs": tuple(values["paragraphs"])})


def credible(moment: Date | None, fetched_at: datetime | None = None) -> Date | None:
    """A date of a page, or None where it cannot be true: before 1995, or over a day after the page was fetched.

    `moment` is in KST, perhaps as ISO 8601; `fetched_at` is aware. None, or a moment before 1995: it is not known.
    """
    latest = "9999"
    if fetched_at is not None and fetched_at.year >= int(_FIRST_YEAR):
        latest = (fetched_at + timedelta(days=1)).astimezone(KST).isoformat()
    return moment if moment is not None and _FIRST_YEAR <= str(_iso(moment)) <= latest else None


def is_date_block(text: str) -> bool:
    """Whether a line is a date block: `Write: 2023-09-12 10:59:55`, or `2026-09-11`, and no other words."""
    return _DATE_BLOCK.fullmatch(text) is not None


def find_dates(text: str) -> tuple[datetime | date | None, datetime | date | None]:
    """When an article was written and when it was updated: the first and the second timestamp in a date block.

    Args:
        text: the words of a date block, such as `Written: 2023-11-07 15:03:30 / Updated: 2023-11-07 15:30:46`. Labels
            differ from page to page and are not read.

    Returns:
        Aware datetimes in KST, or dates where only a day is given; None for what is missing, for what is no day of the
        calendar (0000-00-00), and what is not `credible`.
    """
    written, updated, *_ = *map(_moment_of, _TIMESTAMP.findall(text)), None, None
    return written, updated


def _moment_of(timestamp: str) -> datetime | date | None:
    try:
        moment = _moment(" ".join(timestamp.split()))
    except ValueError:
        return None
    return credible(moment.replace(tzinfo=KST) if isinstance(moment, datetime) else moment)
