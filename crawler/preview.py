"""`reextract --dry-run`: a copy of the database is changed, and the changes are printed field by field."""

import difflib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from crawler.terminal import clean
from storage import ArticleStore, Outcome
from storage.database import Database, open_to_read
from storage.versions import COLUMNS, same_capture

# Where and when a page was read does not change its article, and the text is that of the paragraphs.
_SHOWN = [name for name in COLUMNS if name not in {"text", "fetched_at", "archive_file", "archive_offset"}]


@contextmanager
def compared_copy(database: str) -> Iterator[Path]:
    """A copy of the article database, which need not exist; what was changed in it meanwhile is printed at the end."""
    with tempfile.TemporaryDirectory(prefix="kbsworld-dry-run-") as folder:
        before, copy = Path(folder) / "before.db", Path(folder) / "copy.db"
        if Path(database).expanduser().exists():
            with open_to_read(database) as db, Database(before) as target:
                db.conn.backup(target.conn)
        ArticleStore(before).close()
        copy.write_bytes(before.read_bytes())
        yield copy
        with Database(copy) as db:
            db.execute("attach ? as old", [str(before)])
            print_changes(db)


def print_changes(db: Database) -> None:
    """Print in what `main` differs from `old`, field by field."""
    fields: Counter[str] = Counter()
    for row in db.query("select * from main.articles except select * from old.articles order by url, timestamp"):
        versions = list(db.query("select * from old.articles where url = ?", [row["url"]]))
        # The version itself, or what was read from the same capture before, under another time.
        same = [one for one in versions if one["timestamp"] == row["timestamp"]]
        earlier = next(iter(same or [one for one in versions if same_capture(one, row)]), None)
        if earlier is None:
            outcome = Outcome.UPDATED if versions else Outcome.NEW
        else:
            outcome = Outcome.REEXTRACTED if same_capture(earlier, row) else Outcome.EDITED
        print(f"{clean(row['url'])} {row['timestamp']}: {outcome}: {clean(row['title'])}")
        for column in _SHOWN:
            if earlier is not None and earlier[column] != row[column]:
                fields[column] += 1
                print(*_difference(column, earlier[column], row[column]), sep="\n")
    refused = (
        "select articles.url, new.reason from (select * from main.refusals except select * from old.refusals) new"
        " join articles on articles.source_url = new.url and articles.fetched_at = new.fetched_at"
    )
    for row in db.query(refused):
        print(f"{clean(row['url'])}: would be refused ({clean(row['reason'])}); its article stays")
    if fields:
        counts = ", ".join(f"{name} in {count}" for name, count in fields.most_common())
        print(f"Fields that would change, and in how many articles: {counts}")


def _difference(column: str, before: str, after: str) -> list[str]:
    if column != "paragraphs":
        return [f"  {column}: {clean(before)} -> {clean(after)}"]
    lines = islice(difflib.unified_diff(json.loads(before), json.loads(after), n=0), 2, None)
    return ["  paragraphs:", *(f"    {line[0]} {clean(line[1:])}" for line in lines if line[0] in "+-")]
