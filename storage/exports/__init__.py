"""Articles as files of other formats, streamed (but feeds); a module for each format (DATA.md, "Exports").

Here is what they share: sound rows, one name for each article, and files that are replaced as a whole or not at all.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

from extractors.address import EDITIONS, PAGES, SITE
from extractors.article import KST
from storage.selection import KINDS, NEWEST, Selection
from storage.versions import Row

#: What neither XML nor a terminal takes: control characters except tab and line ends, surrogates, and what Unicode
#: reserves as no character; and what replaces it.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
REPLACEMENT = "\ufffd"
# Both in one pass, since most texts have neither.
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "\r": "&#13;"}
_MARKUP = re.compile(f"[{''.join(_ESCAPES)}]|{FORBIDDEN.pattern}")
#: How a paragraph begins that is a list item.
ITEM = "- "
#: The columns that are 0 or 1.
FLAGS = frozenset({"has_video", "truncated"})
# Made once, for each row of an export.
_TYPES, _TEXT, _TRUTH = frozenset({str, int, type(None)}), frozenset({str}), frozenset({0, 1})
_read_json = json.JSONDecoder().decode

_SURROGATE = re.compile("[\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d\+09:00)?", re.ASCII)
# Pages of today's site: numbers of the old one are a series of their own.
_PAGES = "|".join(re.escape(name) for name, page in PAGES.items() if page.id and page.layout != "generic")
# Lower case only: some file systems do not distinguish case.
_ARTICLE = re.compile(rf"{re.escape(SITE)}/service/(?:{_PAGES})\?lang=([a-z])((?:&\w+=[a-z0-9_]{{1,60}})+)", re.ASCII)
_DESCRIPTOR = re.compile(r"/dev/(?:stdout|fd/([0-9]{1,9}))")
_BUFFER = 1 << 20  # bytes written at a time; an article is a few thousand


class ExportError(OSError):
    """Articles cannot be written. The message is one sentence that names the file and the reason."""


class Exported(NamedTuple):
    """One version of an article: its row of `articles`, and what `paragraphs` there holds as JSON.

    Where storage.history tells it: `change` is `new`, `updated` or `edited`, and `before` the version before it.
    """

    row: Row
    paragraphs: list[str]
    change: str = ""
    before: "Exported | None" = None

    @property
    def values(self) -> Row:
        """The row with truth and lists as such, not as SQLite has them."""
        return {**self.row, **{name: bool(self.row[name]) for name in FLAGS}, "paragraphs": self.paragraphs}


def sound(rows: Iterable[Row], tell: Callable[[str], None]) -> Iterator[Exported]:
    """The rows of `articles` that hold what their columns are for; `tell` is called with a sentence for each other."""
    for row in rows:
        try:
            yield Exported(row, _paragraphs(row))
        except ValueError as error:
            tell(f"damaged: {row['url']}, version {row['timestamp']}: {error}")


def _paragraphs(row: Row) -> list[str]:
    """The paragraphs of a row; ValueError, with a phrase, where a column does not hold what it should."""
    if not (_TYPES.issuperset(map(type, row.values())) and _TRUTH.issuperset(map(row.__getitem__, FLAGS))):
        raise ValueError("a column holds a value of another type")
    try:
        paragraphs = _read_json(row["paragraphs"])
    except (ValueError, TypeError, RecursionError):
        paragraphs = None
    if not isinstance(paragraphs, list) or not _TEXT.issuperset(map(type, paragraphs)):
        raise ValueError("paragraphs is not a JSON list of strings")
    if "\\" in row["paragraphs"] and _SURROGATE.search("".join(paragraphs)):  # only an escape can make one
        raise ValueError("paragraphs holds half a character")
    return paragraphs


def day_of(row: Row) -> str:
    """The day on which an article counts, in KST, as text: when it was written, else that of its version; or empty."""
    day: str = (row["written_at"] or row["timestamp"])[:10]
    return day if _DAY.fullmatch(day) else ""


def moment_of(time: str | None) -> datetime | None:
    """A time of a row, aware; a bare day is its midnight in KST; None where the column holds no time."""
    try:
        moment = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=KST)


def blocks(paragraphs: Iterable[str]) -> Iterator[tuple[bool, Iterator[str]]]:
    """Paragraphs in groups, each with whether it is a list; then its texts are the items of that."""
    shown = filter(None, paragraphs)  # an empty one shows nothing
    for is_list, group in groupby(shown, lambda one: one.startswith(ITEM) and one != ITEM):
        yield is_list, (one.removeprefix(ITEM) if is_list else one for one in group)


def markup(text: str) -> str:
    """Text as XML and HTML show it as it is, also in an attribute; what they forbid becomes U+FFFD."""
    return _MARKUP.sub(lambda found: _ESCAPES.get(found[0], REPLACEMENT), text)


def described(selection: Selection) -> str:
    """A selection in words, for readers of an export: the same for the same articles, whenever it is made."""
    given = [(name, value) for name, value in asdict(selection).items() if value != getattr(NEWEST, name)]
    words = [f"{name}={' or '.join(value) if isinstance(value, tuple) else value}" for name, value in given]
    return f"Selected: {', '.join(word for word in words if not word.startswith('as_of=')) or 'the newest versions'}."


def name_of(row: Row, *, version: bool) -> str:
    """The name of a row's article in every export: its day, kind, edition and number, as `2026-11-24-news-fr-83685`.

    An address without a number gives 16 digits of its SHA-256 instead; with `version` the time of the version follows
    (`-20261124T105959`), and until when it stood before a silent edit (`-until-20261124T020000000000`). The name
    consists of lower-case letters, digits, `T`, `-` and `_`.
    """
    kind, timestamp = row["kind"], row["timestamp"]
    parts = [day_of(row) or "undated", kind if kind in KINDS else "other", _number(row["url"])]
    if version:
        parts.append(re.sub("[-:]", "", timestamp[:19]) if _TIMESTAMP.fullmatch(timestamp) else _digest(timestamp))
        if row.get("replaced_at"):
            parts.append(f"until-{re.sub('[^0-9T]', '', row['replaced_at'][:26])}")
    return "-".join(parts)


def _number(url: str) -> str:
    article = _ARTICLE.fullmatch(url)
    if article is None or article[1] not in EDITIONS:
        return _digest(url)
    return "-".join([EDITIONS[article[1]], *re.findall("=([a-z0-9_]+)", article[2])])


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextmanager
def whole_file(path: Path | None) -> Iterator[IO[bytes]]:
    """A stream into a file that takes the place of the one at `path` at the end, unless the block fails.

    Standard output (None), devices, pipes and what is open already (`/dev/stdout`, `/dev/fd/3`) are written directly.

    Raises:
        ExportError: it cannot be written.
    """
    with _errors_named(path or "Standard output"):
        path = path or Path("/dev/stdout")
        target = Path(os.path.realpath(path.expanduser()))
        opened = _DESCRIPTOR.fullmatch(str(path))
        if opened or (target.exists() and not target.is_file()):
            descriptor = os.dup(int(opened[1] or 1)) if opened else os.open(target, os.O_WRONLY | os.O_NONBLOCK)
            os.set_blocking(descriptor, True)  # only the opening must not wait: for a reader of a pipe
            with os.fdopen(descriptor, "wb", _BUFFER) as stream:
                yield stream
            return
        with _moved_to(target.parent) as folder, (folder / target.name).open("xb", _BUFFER) as stream:
            yield stream
            if target.exists():
                shutil.copymode(target, folder / target.name)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder whose files move into the one at `path` at the end, and replace those that have their names.

    Raises:
        ExportError: it cannot be written.
    """
    target = path.expanduser()
    with _errors_named(path):
        target.mkdir(parents=True, exist_ok=True)
        with _moved_to(target) as folder:
            yield folder


@contextmanager
def _moved_to(target: Path) -> Iterator[Path]:
    """A temporary folder inside another (beside it may be another disk), into which its files move at the end."""
    place = os.open(target, os.O_RDONLY)
    try:
        with suppress(OSError):  # another export holds it, or the disk has no locks
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in target.glob(".export-????????"):  # by exports that were killed
                shutil.rmtree(left, ignore_errors=True)
        with suppress(OSError):
            fcntl.flock(place, fcntl.LOCK_SH)
        with TemporaryDirectory(dir=target, prefix=".export-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
            for file in sorted(os.scandir(folder), key=attrgetter("name")):  # 100,000 of them: a Path takes longer
                os.replace(file, f"{target}/{file.name}")  # noqa: PTH105
    finally:
        os.close(place)


@contextmanager
def _errors_named(name: str | Path) -> Iterator[None]:
    """Make a sentence of the system's errors."""
    try:
        yield
    except OSError as error:
        if not error.errno:  # a sentence already
            raise
        raise ExportError(f"{name} cannot be written ({os.strerror(error.errno)}).") from error
