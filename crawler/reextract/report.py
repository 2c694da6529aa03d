"""What a person sees of a re-extraction: progress as it goes, what is damaged, and what it did at the end."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import click

from crawler.reextract.sinks import REASON
from crawler.terminal import clean
from storage import Outcome
from storage.sources.base import Wound

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

COUNTS = (*Outcome, "refused", "damaged")
# So many places of one file are told that have the same.
_MOST_ALIKE = 10
# In seconds, where there is no terminal.
_MINUTE = 60.0


class Report:
    """Says on standard error how far it is: a bar on a terminal, a line a minute elsewhere."""

    #: The command, and what it counts.
    COMMAND, WHAT = "reextract", "pages"

    def __init__(self, total: int) -> None:
        """A report; `total` is what there is to read, in bytes; 0: not known."""
        self._began = self._told = time.monotonic()
        self._pages = self._before = 0
        self._alike: Counter[tuple[str, str]] = Counter()
        self._bar: ProgressBar[int] = click.progressbar(
            length=total,
            file=sys.stderr,
            item_show_func=lambda _: self._pace(),
            show_pos=False,
            hidden=not sys.stderr.isatty(),
        )

    def begin(self, pages: int) -> None:
        """Reading begins; so many pages were read before it was interrupted."""
        self._pages = self._before = pages

    def advance(self, size: int, pages: int) -> None:
        """So many bytes more were read; so many pages there are now."""
        self._pages = pages
        self._bar.update(size)
        now = time.monotonic()
        if self._bar.hidden and now - self._told >= _MINUTE:
            self._told = now
            print(f"{self._bar.format_pct().strip()} read · {self._pace()}", file=sys.stderr)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if not self._bar.hidden:
            print("\r\x1b[K", end="", file=sys.stderr)

    def say(self, sentence: str) -> None:
        """Say something."""
        if not self._bar.hidden:
            print("\r\x1b[K", end="", file=sys.stderr)
        print(clean(sentence), file=sys.stderr)

    def wound(self, wound: Wound) -> None:
        """Tell of a damaged place; of many that have the same, the first ones."""
        if wound.counts_as != "damaged":
            return
        self._alike[wound.location.file, wound.what] += 1
        if self._alike[wound.location.file, wound.what] <= _MOST_ALIKE:
            self.say(f"damaged: {wound.location.file}, byte {wound.location.offset}: {wound.what}")

    def summary(self, counts: Counter[str], ending: str) -> str:
        """What was done, as lines of text; `ending` is a word."""
        seconds = time.monotonic() - self._began
        lines = [f"{self.COMMAND}: {self._pace()}, {seconds:,.0f} s ({ending})"]
        lines += [f"  {name:<12} {counts[name]:>8}" for name in COUNTS]
        reasons = Counter({name.removeprefix(REASON): n for name, n in counts.items() if name.startswith(REASON)})
        for (file, what), count in self._alike.items():
            if count > _MOST_ALIKE:
                lines.append(clean(f"damaged: {file}: {count - _MOST_ALIKE} more times: {what}"))
        lines += [f"refused: {count} times: {clean(reason)}" for reason, count in reasons.most_common()]
        lines += [f"{told}: {counts[name]}" for name, told in _TOLD.items() if counts[name]]
        return "\n".join(lines)

    def _pace(self) -> str:
        seconds = max(time.monotonic() - self._began, 0.001)
        before = f" ({self._before:,} of them before it was interrupted)" if self._before else ""
        return f"{self._pages:,} {self.WHAT}{before}, {(self._pages - self._before) / seconds:,.0f} a second"


_TOLD = {
    "kept": "of the refused, an article was stored before, and stays",
    "mended": "addresses that were not written as such, and were mended",
    "incomplete": "files of a crawl that was killed, or is running, and end inside a record",
    "unrelated": "files passed over, being no archive, dump or page",
    "others": "captures passed over, being no article of the site",
}
