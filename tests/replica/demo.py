"""`kbsworld demo`: crawls without the site, as a user sees them, and what came of them."""

import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from extractors import Article
from storage import ArticleStore

from .server import Replica

# Without the delays, which are for the site.
HASTE = ("-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0")


def main(database: str) -> int:
    """Crawl a replica into a database, and show what is there; the exit status."""
    archive = f"{Path(database).with_suffix('')}-archive"
    before = _stored(database)
    with Replica() as replica:
        print(f"A replica of the site, with invented articles, is at {replica.base_url}; crawling it.\n", flush=True)
        crawl = partial(_crawl, KBS_BASE_URL=replica.base_url, KBS_DB=database, KBS_ARCHIVE=archive)
        for_updates, for_edits = replica.world.entries[2], replica.world.entries[5]
        status = crawl("kbs_news")
        if status:
            return status
        updated, edited = replica.world.update(for_updates).truth, replica.world.edit(for_edits).truth
        print("\nNow it updates an article, and edits another without a new date. Crawling again:\n", flush=True)
        status = crawl("kbs_news") or crawl("kbs_articles", "-a", f"urls={edited.url}", "-a", "full=1")
    new = _stored(database) - before
    print(f"\n{new} new in {database}." if new else f"\nNothing is new: {database} has all of it already.")
    print("\nThe newest articles:\n")
    with ArticleStore(database) as store:
        articles = list(store)[:-9:-1]
    for article in articles:
        when = (article.timestamp or "").replace("T", " ")[:16]
        print(f"  {when}  {article.category or '':<13}  {len(article.text.split()):>4} words  {article.title}")
    print("\nUpdated: ", *_change(for_updates.truth, updated), sep="")
    print("\nEdited without a new date: ", *_change(for_edits.truth, edited), sep="")
    [word, *_] = re.findall(r"\w{6,}", " ".join(article.title or "" for article in articles))
    print("\nGo on with one of these:")
    for arguments in (
        ["browse", "--open", "--db", database],
        ["search", word, "--db", database],
        ["doctor", "--db", database, "-s", f"KBS_ARCHIVE={archive}"],
    ):
        print(" ", shlex.join([_own_name(), *arguments]))
    return status


def _stored(database: str) -> int:
    """How many articles there are, not counting versions."""
    if not Path(database).exists():
        return 0
    with ArticleStore(database) as store:
        return sum(1 for _ in store)


def _crawl(*arguments: str, **environment: str) -> int:
    # -P: no file of the current folder is imported.
    command = [sys.executable, "-P", "-m", "crawler", "crawl", *arguments, *HASTE]
    return subprocess.run(command, env=os.environ | environment, check=False).returncode


def _change(old: Article, new: Article) -> Iterator[str]:
    """The address of an article, and the paragraphs that were removed and added."""
    yield new.url
    for line in difflib.ndiff(old.paragraphs, new.paragraphs):
        if line[0] in "-+":
            yield f"\n  {line}"


def _own_name() -> str:
    """What to type for `kbsworld`."""
    own = str(Path(sys.executable).with_name("kbsworld"))
    return "kbsworld" if shutil.which("kbsworld") == own else own
