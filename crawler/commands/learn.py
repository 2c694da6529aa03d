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

from argparse import ArgumentParser, Namespace
from concurrent.futures import BrokenExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from crawler.command import OfflineCommand
from crawler.terminal import UNHEALTHY, WORK_FAILED, tell

# For all of the learning, in seconds; it takes a few.
_LONGEST = 300.0
_MAX_SHOWN = 10


class Command(OfflineCommand):
    usage = "[options] [SOURCE...]"
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        help_text = "write the entry into the file of KBS_LAYOUTS, if it is sure"
        parser.add_argument("--write", action="store_true", help=help_text)

    def work(self, paths: list[str], opts: Namespace) -> int:
        from crawler.extensions.health import FETCH_KNOWN
        from crawler.layouts import add_layout, own_layouts
        from crawler.learn import Search
        from extractors.learn import Learned, learn, write_entry
        from storage import ReadOnlyStore
        from storage.children import Children

        layouts = own_layouts(self.settings)
        with (
            ReadOnlyStore(self.database) as store,
            closing(Children(1, "spawn", self.settings.getfloat("KBS_PAGE_TIME"))) as children,
        ):
            search = Search(store, self.settings, children, layouts)
            captures = search.captures([str(Path.cwd() / path) for path in paths])
            known = search.known(captures)
            samples = known or search.guessed(captures)
            try:
                learned = children.submit(learn, samples, timeout=_LONGEST).result()
            except (BrokenExecutor, TimeoutError):
                learned = Learned()
        if not samples:
            tell(f"No page in a new template was found. If the site has changed: {FETCH_KNOWN}")
            return WORK_FAILED
        today = datetime.now(UTC).date().isoformat()
        evidence = (
            f"read off {learned.read_off} pages{'' if known else ' as structure alone reads them'}, and checked on "
            f"{learned.checked} others; different: {len(learned.wrong)}; changed since: {len(learned.gone)}"
        )
        entry = write_entry(learned.entry, name=f"learned {today}", seen=today, evidence=evidence)
        print(entry if learned.entry else "", end="")
        tell(evidence)
        for url, reason in list(learned.wrong.items())[:_MAX_SHOWN]:
            tell(f"differs: {url}: {reason}")
        if not (learned.is_sure and known):
            tell(f"Not sure, so nothing is written. With more known articles it may be: {FETCH_KNOWN}")
            return UNHEALTHY
        if opts.write:
            file = add_layout(self.settings, entry)
            tell(f"Written to {file}. What it changes in the archive: kbsworld reextract --dry-run")
        return 0
