"""The database's schema, as migrations of sqlite-utils: the files in `migrations/`, in the order of their names.

Never change one that was released, add another. Statements are separated by blank lines.
"""

from pathlib import Path

from sqlite_utils import Database, Migrations

migrations = Migrations("kbsworld")

#: How the search index splits texts into words.
TOKENIZE = "unicode61 remove_diacritics 2"


def _add(file: Path) -> None:
    @migrations(name=file.stem)
    def apply(db: Database) -> None:
        # One by one: executescript would commit what came before.
        for statement in file.read_text("utf-8").split("\n\n"):
            db.execute(statement)


for _file in sorted(Path(__file__).with_name("migrations").glob("*.sql")):
    _add(_file)
