"""Copy the database to a file, and with --archive the archive too.

Copies the database of KBS_DB to FILE, as it is at one moment, and checks the copy; a damaged one is not copied. A crawl
may run at the same time. FILE must not exist. With --archive the WARC files of KBS_ARCHIVE are copied to the folder
archive/ beside FILE, where the next backup adds only those that are new or have grown.

To restore, end everything that uses the database, and remove it with its -wal and -shm files, which SQLite would apply
to the copy. Then copy FILE to its place, and archive/ to that of KBS_ARCHIVE.

Examples:
  kbsworld backup backup/kbs-$(date +%F).db --archive
  kbsworld doctor --db backup/kbs-2026-11-30.db -s KBS_ARCHIVE=backup/archive
"""

import os
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path

from crawler.arguments import ArgumentError
from crawler.command import OfflineCommand
from crawler.terminal import progress, tell
from storage.archive.capture import warc_files
from storage.backup import copy_database
from storage.exports import whole_file


class Command(OfflineCommand):
    usage = "[options] FILE"

    def add_own_options(self, parser: ArgumentParser) -> None:
        help_text = "copy the WARC files of KBS_ARCHIVE, too, to the folder archive/ beside FILE"
        parser.add_argument("--archive", action="store_true", help=help_text)

    def work(self, args: list[str], opts: Namespace) -> int:
        if len(args) != 1:
            raise ArgumentError("Name one file, such as: kbsworld backup backup/kbs.db.")
        file = Path(args[0]).expanduser()
        if os.path.lexists(file):
            raise ArgumentError(f"{file} exists, and a backup overwrites nothing; name another file.")
        archive, copies = Path(self.settings["KBS_ARCHIVE"] or os.devnull).expanduser(), file.parent / "archive"
        if opts.archive and (not archive.is_dir() or archive.resolve() == copies.resolve()):
            raise ArgumentError(f"KBS_ARCHIVE must be a folder, and another one than {copies}, where its copy goes.")
        with self.open_database() as db, progress("database") as show:
            counts = copy_database(db, file, show)
        tell(f"{file}: {counts['articles']:,} versions of articles, {sum(counts.values()):,} rows in all; checked.")
        if opts.archive:
            copies.mkdir(exist_ok=True)
            there = warc_files(copies)
            names = [name for name, size in warc_files(archive).items() if size > there.get(name, -1)]  # they only grow
            with progress("archive") as show:
                for done, name in enumerate(names, 1):
                    with (archive / name).open("rb") as warc, whole_file(copies / name) as copy:
                        shutil.copyfileobj(warc, copy)
                    show(done, len(names))
            tell(f"{copies}: {len(names):,} WARC files copied.")
        return 0
