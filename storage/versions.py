"""Which of two captures of one version counts, and how they are merged: rules independent of the order of reading."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from extractors import Article
from extractors.article import KST, credible
from extractors.layout import GENERIC, VIDEO

#: A row of a table or query by its columns.
Row = dict[str, Any]
#: The columns of `articles`, in order.
COLUMNS = (*(field.name for field in fields(Article)), "fetched_at", "archive_file", "archive_offset")
#: Those of the history of an article: its rows of `articles`, where `replaced_at` is None, and of `silent_edits`.
HISTORY = (*COLUMNS, "replaced_at")

# What the site says, and not how and where it was read: only a difference in these makes an article an edited one.
_CONTENT = tuple(name for name in COLUMNS[:-3] if name not in {"url", "timestamp", "text", "layout", "source_url"})
# What the plain view shows and the video view does not.
_OF_PLAIN_VIEW = ("image_url", "image_credit", "layout")
# What two captures of the same words have in common, even if one of them is the video view.
_words = itemgetter(*(one for one in _CONTENT if one not in {"written_at", "updated_at", "has_video", *_OF_PLAIN_VIEW}))
_PLACE = ("archive_file", "archive_offset")


def believed(row: Row) -> Row:
    """A row without the dates that its page cannot have: those that are not `credible`, or are in the future."""
    # A WARC-Date may be a month or a year only, read as its beginning: then anything before now is possible.
    is_coarse = row["fetched_at"][8:].startswith("01T00:00:00.000000")
    now = datetime.now(UTC)
    fetched_at = now if is_coarse else min(datetime.fromisoformat(row["fetched_at"]), now)
    dates = {name: credible(row[name], fetched_at) for name in ("updated_at", "written_at")}
    moment = dates["updated_at"] or dates["written_at"]
    return row if dates.items() <= row.items() else row | dates | {"timestamp": moment}


def extended(history: Sequence[Row], seen: Mapping[str, str], row: Row) -> tuple[list[Row], dict[str, str]]:
    """The history of an article after one more capture of it was read, and `seen`; what stays the same compares equal.

    It is the one that the captures give if they are read in the order of time: what the database would have held at any
    moment follows from it.

    Args:
        history: rows with the columns of HISTORY.
        seen: when the content of a row of `articles` was captured last, by its `timestamp`, if later than the row says.
        row: with COLUMNS; its `timestamp` is None if the page gives no time.
    """
    # What older releases stored under a date that cannot be true is merged anew.
    known = [believed(one) | {"replaced_at": None} for one in history]
    row = believed(row) | {"replaced_at": None}
    if row in known:
        return [*history], dict(seen)
    again = [
        one | {"fetched_at": seen[old["timestamp"]]}
        for one, old in zip(known, history, strict=True)
        if old["replaced_at"] is None and old["timestamp"] in seen
    ]
    versions: list[Row] = []
    edits: list[Row] = []
    last: dict[str, str] = {}
    for capture in sorted([*known, *again, row], key=lambda one: (one["fetched_at"], one["source_url"] or "")):
        merge = _with_undated if is_undated(capture) else _with_dated
        after, moment = merge(versions, capture), capture["fetched_at"]
        edits += [one | {"replaced_at": moment} for one in versions if one not in after and one["fetched_at"] < moment]
        versions = after
        if any(one["timestamp"] == capture["timestamp"] and _rank(one) == _rank(capture) for one in versions):
            last[capture["timestamp"]] = moment  # it says the same, or is one of them now
    fetched = {one["timestamp"]: one["fetched_at"] for one in versions}
    return [*edits, *versions], {key: moment for key, moment in last.items() if moment > fetched.get(key, moment)}


def _with_dated(versions: Sequence[Row], row: Row) -> list[Row]:
    """The versions of an article after one more capture, no earlier than theirs; unchanged versions compare equal."""
    stored = next((one for one in versions if one["timestamp"] == row["timestamp"] and not is_undated(one)), None)
    result = row if stored is None else _replaced(stored, row)
    if stored is not None and result == stored and same_capture(stored, row):
        return [*versions]
    others = [
        one
        for one in versions
        # The same capture as another version: extraction now reads its dates, or reads them otherwise.
        if one is not stored and not same_capture(one, row)
        if not is_undated(one) or not (_supersedes(result, one) or _supersedes(row, one))
    ]
    return [*others, result]


def _with_undated(versions: Sequence[Row], row: Row) -> list[Row]:
    """The same after a capture without dates: the same words are the same version."""
    # The last day of year 9999 is not in the calendar of every zone.
    moment = min(datetime.fromisoformat(row["fetched_at"]), datetime(9999, 12, 30, tzinfo=UTC)).astimezone(KST)
    row = row | {"timestamp": moment.isoformat(timespec="seconds")}
    undated = [one for one in versions if is_undated(one)]
    same = next((one for one in undated if same_capture(one, row)), None)
    if same is None and any(_supersedes(version, row) for version in versions):
        return [*versions]
    same = same or next((one for one in undated if _rank(one) == _rank(row) and _words(one) == _words(row)), None)
    if same:
        return _put(versions, same, _replaced(same, row | {"timestamp": same["timestamp"]}))
    richer = [one for one in versions if not is_undated(one) or not _supersedes(row, one)]
    for version in richer:
        if version["timestamp"] == row["timestamp"]:
            # Two contents within one second: of two without dates the later one counts.
            return _put(richer, version, _replaced(version, row) if is_undated(version) else version)
    return [*richer, row]


def _put(versions: Sequence[Row], stored: Row, row: Row) -> list[Row]:
    return [*(one for one in versions if one is not stored), row]


def same_content(stored: Row, row: Row) -> bool:
    """Whether two rows say the same, from the same view of a page."""
    return _view(stored) == _view(row) and all(stored[column] == row[column] for column in _CONTENT)


def same_capture(stored: Row, row: Row) -> bool:
    """Whether both were read from one capture.

    It is one in two archives too, unless one of them has it truncated, or as text.
    """
    if stored["fetched_at"] != row["fetched_at"] or stored["source_url"] != row["source_url"]:
        return False
    return _rank(stored) == _rank(row) or all(stored[column] == row[column] for column in _PLACE)


def is_undated(row: Row) -> bool:
    """Whether the page gave no time: `timestamp` is that of its capture, or None."""
    return row["written_at"] is None and row["updated_at"] is None


def _replaced(stored: Row, row: Row) -> Row:
    """A stored version after the same version was captured again, or the same capture was read again."""
    if same_capture(stored, row):
        return _both_views(row | _place(stored, row), stored)
    result = _both_views(row, stored)
    # What was read by structure alone may be wrong: it does not replace what a layout read.
    counts_less = (_rank(row), row["layout"] == GENERIC) > (_rank(stored), stored["layout"] == GENERIC)
    return stored if counts_less or same_content(stored, result) else result


def _both_views(row: Row, other: Row) -> Row:
    """A row with what another capture of the same version adds to it, if that shows as much.

    The plain and the video view are one article: that it has a video is true from either, and the picture and its
    credit are the plain view's, whose caption differs.
    """
    if _rank(row) != _rank(other):
        return row
    seen = {"has_video": max(row["has_video"], other["has_video"])}
    if row["layout"] == VIDEO and _view(other) == "plain":
        seen |= {column: other[column] for column in _OF_PLAIN_VIEW}
    return row | seen


def _rank(row: Row) -> int:
    """How much a page shows, 0 being most: HTML page, text capture, body without title, and the same truncated.

    Of two that show as much, one from after now counts less: that clock was ahead, so nobody knows when it was.
    """
    is_ahead = row["fetched_at"] > datetime.now(UTC).isoformat()
    return int(8 * row["truncated"] + 4 * (row["layout"] == "text") + 2 * (row["title"] is None) + is_ahead)


def _view(row: Row) -> str:
    return row["layout"] if row["layout"] in {"text", VIDEO} else "plain"


def _supersedes(version: Row, row: Row) -> bool:
    """Whether a version makes one without dates redundant.

    That one shows less, or has the same words, or was captured while the version was the current one, which was edited
    later.
    """
    if _rank(version) != _rank(row):
        return _rank(version) < _rank(row)
    if is_undated(version):
        return False
    was_current = version["timestamp"] <= row["timestamp"] and row["fetched_at"] < version["fetched_at"]
    return bool(was_current or _words(version) == _words(row))


def _place(stored: Row, row: Row) -> Row:
    """Where a capture is archived that was read in two places: the project's own archive counts more than others."""
    is_own, was_own = ("/" not in (one["archive_file"] or "/") for one in (row, stored))
    is_better = stored["archive_file"] is None or (is_own and not was_own)
    return {column: (row if is_better else stored)[column] for column in _PLACE}
