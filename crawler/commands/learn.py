"""Learn a new template of the site from articles that are known.

When the site changes its pages, most articles are still found by structure (layout generic). This command reads the
new template off pages of articles that are known from before: it prints an entry for a layouts file, and how well it
was checked. Nothing is fetched: first let kbs_articles fetch some known articles again, or name a SOURCE, any archive
that reextract reads, with new captures of them.

With --write the entry goes into the file of KBS_LAYOUTS (layouts.toml beside the database), which crawls and reextract
then use; reextract --dry-run shows what that changes. An entry that is not exact on every page it was checked on is
printed and never written.

Exit status: 0; 1 where there are no pages to learn from; 2 for a wrong call; 3 where the entry is not sure; 128 plus
the signal's number where a signal ended it.

Examples:
  kbsworld crawl kbs_articles -a known=20
  kbsworld learn
  kbsworld learn --write
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from concurrent.futures import BrokenExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.arguments import ArgumentError
from crawler.command import OfflineCommand
from crawler.terminal import UNHEALTHY, WORK_FAILED, clean, tell

if TYPE_CHECKING:
    from extractors.learn import Learned, Sample
    from storage.children import Children

# For all of the learning, in seconds; it takes a few.
_LONGEST = 300.0
_MAX_SHOWN = 10
_NO_PAGES = (
    "No page in a new template was found. If the site has changed, fetch known articles again: "
    "kbsworld crawl kbs_articles -a known=20"
)


class Command(OfflineCommand):
    usage = "[options] [SOURCE...]"
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        help_text = "write the entry into the file of KBS_LAYOUTS, if it is sure"
        parser.add_argument("--write", action="store_true", help=help_text)

    def work(self, paths: list[str], opts: Namespace) -> int:
        from crawler.layouts import add_layout, layouts_file, own_layouts
        from extractors.layout import read_layouts
        from extractors.learn import learn, write_entry
        from storage.children import Children

        text = own_layouts(self.settings, may_be_missing=True)
        with closing(Children(1, "spawn", self.settings.getfloat("KBS_PAGE_TIME"))) as children:
            samples, are_known = self._samples(paths, text, children)
            if not samples:
                tell(_NO_PAGES)
                return WORK_FAILED
            try:
                learned = children.submit(learn, samples, timeout=_LONGEST).result()
            except (BrokenExecutor, TimeoutError):
                tell(f"The template could not be learned within {_LONGEST:.0f} seconds.")
                return UNHEALTHY
        evidence = _evidence(learned, are_known=are_known)
        entry = ""
        if learned.entry:
            today = datetime.now(UTC).date().isoformat()
            entry = write_entry(learned.entry, name=f"learned {today}", seen=today, evidence=evidence)
            print(entry, end="")
        tell(evidence)
        for url, reason in list(learned.wrong.items())[:_MAX_SHOWN]:
            tell(f"differs: {url}: {reason}")
        if not (learned.is_sure and are_known):
            tell(f"Not sure{', so nothing is written' if opts.write else ''}: {_advice(learned, are_known=are_known)}")
            return UNHEALTHY
        if opts.write:
            file = layouts_file(self.settings)
            read_layouts(f"{entry}\n{text}")
            add_layout(file, entry, text)
            tell(f"Written to {clean(file)}. What it changes in the archive: kbsworld reextract --dry-run")
        return 0

    def _samples(self, paths: list[str], layouts: str, children: Children) -> tuple[list[Sample], bool]:
        """What to learn from, and whether the articles are known and not only read by structure."""
        from crawler.learn import Samples
        from crawler.site import Site
        from storage.database import open_to_read
        from storage.sources import find_sources, own_sources

        if "-" in paths:
            raise ArgumentError("learn reads its pages more than once, so not from standard input; name a file.")
        folder = str(self.settings["KBS_ARCHIVE"] or "").strip()
        archive = Path(folder or os.devnull).expanduser().absolute()
        with open_to_read(self.database, tell) as db:
            search = Samples(
                db=db,
                archive=archive,
                site=Site(self.settings["KBS_BASE_URL"]),
                layouts=layouts,
                max_page=self.settings.getint("KBS_MAX_PAGE"),
                children=children,
            )
            given = find_sources([str(Path.cwd() / path) for path in paths])
            captures = search.captures([*(own_sources(archive) if folder else ()), *given])
            known = search.known(captures)
            return (known, True) if known else (search.guessed(captures), False)


def _evidence(learned: Learned, *, are_known: bool) -> str:
    known = "articles that were known" if are_known else "articles as structure alone reads them"
    return (
        f"read off {learned.read_off} pages of {known}, and checked on {learned.checked} other pages: "
        f"{learned.exact} exact"
    )


def _advice(learned: Learned, *, are_known: bool) -> str:
    if not are_known:
        return "no known article was fetched again; kbsworld crawl kbs_articles -a known=20"
    if learned.entry and learned.wrong:
        return "some pages are read differently; look at them in a browser, and write the entry yourself."
    return "no selectors fit all pages; fetch more known articles again: kbsworld crawl kbs_articles -a known=40"
