"""What a person sees of a re-extraction: progress as it goes, what is damaged, and what it did at the end."""

from __future__ import annotations

import sys
import time
from collections import Counter

import click

from crawler.diagnosis import clean
from crawler.reextract.sinks import REASON
from storage import Outcome
from storage.sources.base import Wound

COUNTS = (*Outcome, "refused", "damaged")
# In seconds, where there is no terminal.
_MINUTE = 60.0


class Report:
    """Says on standard error how far it is: a bar on a terminal, a line a minute elsewhere."""

    def __init__(self, total: int, what: str) -> None:
        """A report.

        Args:
            total: of the sources, in bytes; 0: not known.
            what: what is done, for the summary's first line.
        """
        self._what = what
        self._began = self._told = time.monotonic()
        self._pages = self._pages_before = 0
        self._bar = click.progressbar(
            length=total,
            file=sys.stderr,
            item_show_func=lambda _: self._pace(),
            update_min_steps=max(total // 1000, 1),
            hidden=not sys.stderr.isatty(),
        )

    def advance(self, size: int, pages: int) -> None:
        """So many bytes more were read; so many pages there are now."""
        self._pages = pages
        self._bar.update(size)
        now = time.monotonic()
        if self._bar.hidden and now - self._told >= _MINUTE:
            self._told = now
            print(f"{self._bar.format_pct().strip()} read · {self._pace()} · {self._bar.format_eta()} left", file=sys.stderr)

    def say(self, sentence: str) -> None:
        """Say something."""
        if not self._bar.hidden:
            print("\r\x1b[K", end="", file=sys.stderr)
        print(clean(sentence), file=sys.stderr)

    def wound(self, wound: Wound) -> None:
        """Tell of a damaged place."""
        if not wound.mended:
            self.say(f"damaged: {wound.location.file}, byte {wound.location.offset}: {wound.what}")

    def summary(self, counts: Counter[str], ending: str) -> str:
        """What was done, as lines of text."""
        seconds = time.monotonic() - self._began
        lines = [f"{self._what}: {counts['pages']:,} pages in {seconds:,.0f} s, {self._pace()} ({ending})"]
        lines += [f"  {name:<12} {counts[name]:>8}" for name in COUNTS]
        reasons = Counter({name.removeprefix(REASON): n for name, n in counts.items() if name.startswith(REASON)})
        lines += [f"refused: {count} times: {clean(reason)}" for reason, count in reasons.most_common()]
        for name, told in _TOLD.items():
            if counts[name]:
                lines.append(f"{told}: {counts[name]}")
        return "\n".join(lines)

    def _pace(self) -> str:
        seconds = max(time.monotonic() - self._began, 0.001)
        return f"{self._pages:,} pages, {self._pages / seconds:,.0f} a second"


_TOLD = {
    "kept": "of the refused, an article was stored before, and stays",
    "mended": "addresses that were not written as such, and were mended",
    "incomplete": "files that end inside a record, as those of a crawl that was killed or is running do",
    "others": "captures passed over, being no article of the site",
}
