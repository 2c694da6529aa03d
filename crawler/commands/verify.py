"""Say whether an export still holds: whether its file is as it was, and the database gives it again.

Reads MANIFEST, the FILE.manifest.json that kbsworld export wrote beside FILE (FILE names it too). It makes the export
again from the database of KBS_DB, as of then, and compares SHA-256. Nothing is stored; a crawl may run meanwhile.

The database gives something else if pages of that time came in later, from archives of others; if archived pages were
extracted again by another version of kbsworld; or if that version writes the format differently.

Exit status: 0 if both are so; 1 if not; 2 for a wrong call; 128 plus the signal's number where a signal ended it.

Examples:
  kbsworld verify articles.csv.manifest.json
  kbsworld verify corpus.xml
"""

from argparse import Namespace
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler.arguments import ArgumentError
from crawler.command import OfflineCommand
from crawler.commands.export import write_export
from crawler.terminal import WORK_FAILED, clean
from storage.exports.manifest import digest, read


class Command(OfflineCommand):
    usage = "[options] MANIFEST"
    prints = True

    def work(self, args: list[str], _: Namespace) -> int:
        if len(args) != 1:
            raise ArgumentError("Name one manifest, such as articles.csv.manifest.json.")
        output, manifest, selection = read(Path(args[0]).expanduser())
        wanted, found = manifest["sha256"], digest(output) if output.exists() else None
        state = "as it was written" if found == wanted else "changed" if found else "not there"
        print(f"{clean(output)}: {state}")
        with self.open_database() as db, TemporaryDirectory() as folder:
            again = Path(folder, output.name)
            written, _damaged = write_export(db, selection, manifest["format"], again)
            is_again = digest(again) == wanted
        same = f"the same again: {written:,} written, SHA-256 {wanted}"
        other = f"something else: {written:,} written, and it was {manifest['written']:,}"
        print(f"{clean(self.database)}: gives {same if is_again else other}")
        return 0 if found == wanted and is_again else WORK_FAILED
