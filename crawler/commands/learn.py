"""Learn a new template of the site from articles that are known.

When the site changes its pages, most articles are found by structure (layout generic). This command reads the new
template off archived pages of articles that are known from before: first let kbs_articles fetch some of them again, or
name a SOURCE, any archive that reextract reads. It prints an entry for a layouts file, and how well it was checked.
--write puts one that is exact on every page into the file of KBS_LAYOUTS (layouts.toml beside the database), which
crawls and reextract then use.

Exit status: 0; 1 where there are no pages to learn from; 2 for a wrong call; 3 where the entry is not sure; 128 plus
the signal's number where a signal ended it.

Examples:
  kbsworld learn              # after kbsworld crawl kbs_articles -a known=20
  kbsworld learn --write      # then kbsworld reextract --dry-run shows what it changes
"""

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from crawler.arguments import layouts_file, own_layouts
from crawler.command import OfflineCommand
from crawler.terminal import UNHEALTHY, WORK_FAILED, tell


class Command(OfflineCommand):
    usage = "[options] [SOURCE...]"
    prints = True

    def add_own_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true", help="write the entry into that file, if it is sure")

    def work(self, paths: list[str], opts: Namespace) -> int:
        from crawler.extensions.health import FETCH_KNOWN
        from crawler.learn import find_samples
        from extractors.learn import learn, write_entry
        from storage import ReadOnlyStore
        from storage.exports import whole_file

        layouts, file = own_layouts(self.settings), layouts_file(self.settings)
        with ReadOnlyStore(self.database) as store:
            known, others = find_samples(store, self.settings, paths, layouts)
        if not known and not others:
            tell(f"No page in a new template was found. If the site has changed: {FETCH_KNOWN}")
            return WORK_FAILED
        learned = learn(known or others)
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        evidence = (
            f"read off {learned.read_off} pages{'' if known else ' as structure alone reads them'}, and checked on "
            f"{learned.checked} others; different: {len(learned.wrong)}; changed since: {learned.gone}"
        )
        entry = write_entry(learned.entry, name=f"learned {today}", seen=today, evidence=evidence)
        print(entry if learned.entry else "", end="")
        tell("\n".join([evidence, *(f"differs: {url}: {reason}" for url, reason in learned.wrong.items())]))
        if not (learned.is_sure and known):
            tell(f"Not sure, so nothing is written. With more known articles it may be: {FETCH_KNOWN}")
            return UNHEALTHY
        if opts.write:
            with whole_file(file) as stream:
                stream.write(f"{entry}\n{layouts}".encode())
            tell(f"Written to {file}. What it changes in the archive: kbsworld reextract --dry-run")
        return 0
