"""When articles of the replica were written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random


def seconds(days: int) -> int:
    return days * 24 * 60 * 60


def pause(random: Random) -> timedelta:
    """The time from one article to the next."""
    return timedelta(minutes=random.randint(9, 150), seconds=random.randint(1, 59))


def spread(newest: datetime, count: int, days: int, random: Random) -> Iterator[datetime]:
    """That many moments from `newest` back, no two the same, the oldest just under so many days before."""
    pauses = list(accumulate((random.expovariate(1) for _ in range(count - 1)), initial=0.0))
    # A second each is kept back, and given to every one, to part moments that would be the same.
    scale = (seconds(days) - count) / (pauses[-1] or 1)
    for i, before in enumerate(pauses[:count]):
        yield newest - timedelta(seconds=i + int(before * scale))
