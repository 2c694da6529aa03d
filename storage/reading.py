"""The article store opened to be read and nothing else, as while a crawl writes."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from storage.articles import ArticleStore
from storage.database import StoreError
from storage.readonly import open_to_read


class ReadOnlyStore(ArticleStore):
    """The articles of one database file, to be read. Use it as a context manager, or close it.

    The file is never made, upgraded or changed, and others may write to it meanwhile: each call sees what was stored
    when it began. What writes to an ArticleStore raises a StoreError here.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the database.

        Raises:
            StoreError: there is no such file, it is none of kbsworld, or an older or newer version made it; the message
                is a sentence.
        """
        self.path = Path(path).expanduser()
        self._opened = ExitStack()
        self.db = self._opened.enter_context(open_to_read(path, self._refuse_upgrade))

    def close(self) -> None:
        """Close the database."""
        self._opened.close()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise StoreError(f"{self.path} is open for reading only; ArticleStore opens it for writing too.")

    # All that writes; what else an ArticleStore has goes through these.
    batch = add_row = add_rows = add_versions = refuse_row = _refuse

    def _refuse_upgrade(self, _: str) -> NoReturn:
        raise StoreError(f"{self.path} was made by an older version of kbsworld; ArticleStore upgrades it.")
