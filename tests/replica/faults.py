"""What goes wrong between a client and a site, and which requests meet it."""

import threading
from collections import Counter
from collections.abc import Iterable
from random import Random
from urllib.parse import urlsplit

from extractors.address import PAGES

#: Answers of a server that cannot or will not answer, or has no such page.
STATUSES = {"500": 500, "502": 502, "503": 503, "429": 429, "404": 404}
#: Answers that break off, lead elsewhere, or never end.
WIRE = ("timeout", "reset", "truncated-gzip", "wrong-length", "redirect-loop", "error-page", "drip")
#: Pages of the site that lack what they should contain; the last two are pages of lists.
SITE_PAGES = ("soft-404", "no-cards", "endless")
KINDS = (*STATUSES, *WIRE, *SITE_PAGES)
#: Planned for a request that must meet no fault.
OK = "ok"


class Faults:
    """Which requests meet a fault: those planned first, then a share of all, the same ones for the same seed.

    Attributes:
        plan: target (path and query as requested) -> the kinds its next requests meet, one each; OK for none.
        met: the faults met so far, as (target, kind), in order.
        retry_after: seconds that 503 and 429 ask for; None: they ask for none.
    """

    def __init__(
        self, kinds: Iterable[str] = KINDS, share: float = 0.0, seed: int = 1, retry_after: int | None = 0
    ) -> None:
        """Faults of those kinds, each request meeting one with probability `share`. A ValueError if one is unknown."""
        self.kinds = tuple(kinds)
        self.share = share
        self.seed = seed
        self.retry_after = retry_after
        self.plan: dict[str, list[str]] = {}
        self.met: list[tuple[str, str]] = []
        self._requests: Counter[str] = Counter()
        self._lock = threading.Lock()
        if unknown := [kind for kind in self.kinds if kind not in KINDS]:
            raise ValueError(f"Unknown fault {', '.join(unknown)}; there are {', '.join(KINDS)}.")

    def draw(self, target: str) -> str:
        """The kind that this request of `target` meets; empty for none."""
        with self._lock:
            self._requests[target] += 1
            planned = self.plan.get(target)
            kind = planned.pop(0) if planned else self._random(target)
            if kind in {"", OK}:
                return ""
            self.met.append((target, kind))
            return kind

    def _random(self, target: str) -> str:
        random = Random(f"{self.seed} {target} {self._requests[target]}")
        kinds = applicable(self.kinds, target)
        return random.choice(kinds) if random.random() < self.share and kinds else ""


def applicable(kinds: Iterable[str], target: str) -> list[str]:
    """Those of `kinds` that the page can have: an article has no entries, robots.txt is not a page of the site."""
    name = urlsplit(target).path.removeprefix("/service/")
    kind = PAGES[name].kind if name in PAGES else ""
    lacking: tuple[str, ...] = ()
    if not kind:
        lacking = SITE_PAGES
    elif kind != "list":
        lacking = ("no-cards", "endless")
    elif name == "news_today.htm":
        lacking = ("endless",)  # a day has one page
    return [kind for kind in kinds if kind not in lacking]
