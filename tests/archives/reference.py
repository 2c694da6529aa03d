"""The rows that captures must give, computed from their truths alone: nothing here is imported from `storage`.

One row for each article and date (`timestamp`): the words of the newest capture with that date; a video, if any view
showed one; the layout of the plain view if one was captured. The row names the capture since which it is so: that does
not depend on the order of reading. Pages without a date are one version while their words are the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta, timezone
from typing import Any

from extractors import Article
from tests.archives.history import Seen

_KST = timezone(timedelta(hours=9))
# What the site says in both views.
_WORDS = ("title", "category", "written_at", "updated_at", "paragraphs")

Expected = dict[tuple[str, str], dict[str, Any]]


def expected(captures: Iterable[Seen]) -> Expected:
    """The rows by (url, timestamp), without `archive_file` and `archive_offset`."""
    return {(row["url"], row["timestamp"]): row for row, _ in _versions(captures)}


def named(captures: Iterable[Seen]) -> dict[tuple[str, str], Seen]:
    """The capture that each row names."""
    return {(row["url"], row["timestamp"]): first for row, first in _versions(captures)}


def _versions(captures: Iterable[Seen]) -> Iterator[tuple[dict[str, Any], Seen]]:
    versions: defaultdict[tuple[str, str | None], list[Seen]] = defaultdict(list)
    for seen in captures:
        if seen.truth is not None:
            is_undated = seen.truth.written_at is None
            versions[seen.truth.url, None if is_undated else seen.truth.timestamp].append(seen)
    return (_row(sorted(seen, key=lambda one: (one.moment, one.address))) for seen in versions.values())


def _row(captures: list[Seen]) -> tuple[dict[str, Any], Seen]:
    """The row of one version, from its captures in the order of time, and the capture that it names."""
    truths = [seen.truth for seen in captures if seen.truth]
    newest = truths[-1]
    states = [_state(truths[: number + 1]) for number in range(len(truths))]
    first = captures[max((number + 1 for number, state in enumerate(states) if state != states[-1]), default=0)]
    plain = [truth.layout for truth in truths if truth.layout != "video"]
    moment = captures[0].moment.astimezone(_KST)
    row = {
        **newest.to_dict(),
        "timestamp": newest.timestamp or moment.isoformat(timespec="seconds"),
        "has_video": any(truth.has_video for truth in truths),
        "layout": plain[-1] if plain else "video",
        "source_url": first.address,
        "fetched_at": first.moment.isoformat(timespec="microseconds"),
    }
    return row, first


def _state(truths: Sequence[Article]) -> tuple[list[Any], bool, bool]:
    """What a row says after these captures: words, whether there is a video, whether it is of the plain view."""
    views = [truth.layout != "video" for truth in truths]
    return _words(truths[-1]), any(truth.has_video for truth in truths), any(views)


def _words(truth: Article) -> list[Any]:
    return [getattr(truth, name) for name in _WORDS]
