"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from storage.exports.base import ExportError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDOUT = 1
_DESCRIPTOR = re.compile(r"/dev/(?:stdout|fd/([0-9]{1,9}))")
# What is written at a time, in bytes: an article is a few thousand.
_BUFFER = 1 << 20
# How much the system may keep of a file before it begins to put it on the disk.
_KEPT = 8 * _BUFFER


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A stream into what becomes the file at `path` at the end: what stood there stays until then, or if this fails.

    A device, a pipe, or what is open already (`/dev/stdout`, `/dev/fd/3`) is written to as it is.

    Raises:
        ExportError: it cannot be written; the message is a sentence.
    """
    named = path.expanduser()
    if named.is_dir():
        raise ExportError(f"{path} is a folder; name a file.")
    with _told(path):
        if found := _DESCRIPTOR.fullmatch(str(path)):
            with os.fdopen(os.dup(int(found[1] or _STDOUT)), "wb", _BUFFER) as stream:
                yield stream
            return
        if named.exists() and not named.is_file():
            with named.open("wb", _BUFFER) as stream:
                yield stream
            return
        target = Path(os.path.realpath(named))
        neighbour = _neighbour(target.parent)
        try:
            with BufferedWriter(_Hastened(neighbour, "xb"), _BUFFER) as stream:
                yield stream
                if target.exists():
                    shutil.copymode(target, neighbour)
                stream.flush()
                os.fsync(stream.fileno())
            neighbour.replace(target)
        finally:
            with suppress(FileNotFoundError):
                neighbour.unlink()


@contextmanager
def standard_output() -> Iterator[IO[bytes]]:
    """Standard output.

    Raises:
        ExportError: it cannot be written; the message is a sentence.
    """
    with _told("Standard output"), os.fdopen(os.dup(_STDOUT), "wb", _BUFFER) as stream:
        yield stream


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder whose files come into the one at `path` at the end, in the place of those that have their names.

    Raises:
        ExportError: it cannot be written; the message is a sentence.
    """
    target = path.expanduser()
    if target.exists() and not target.is_dir():
        raise ExportError(f"{path} is a file; name a folder, or one that is not there yet.")
    with _told(path):
        is_new = not target.exists()
        target.mkdir(parents=True, exist_ok=True)
        # Inside it, and not beside it: that may be another disk.
        folder = _neighbour(target)
        try:
            folder.mkdir()
            yield folder
            for file in sorted(folder.iterdir()):
                file.replace(target / file.name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if is_new:
                with suppress(OSError):  # it holds what was written
                    target.rmdir()


class _Hastened(FileIO):
    """A file that the system begins to put on the disk while it is written, and not when all wait for it."""

    _written = _begun = 0

    def write(self, data: ReadableBuffer, /) -> int:
        count = super().write(data)
        self._written += count
        if self._written - self._begun >= _KEPT and hasattr(os, "posix_fadvise"):
            with suppress(OSError):  # a file system that takes no advice
                os.posix_fadvise(self.fileno(), self._begun, self._written - self._begun, os.POSIX_FADV_DONTNEED)
            self._begun = self._written
        return count


def _neighbour(folder: Path) -> Path:
    return folder / f".export-{secrets.token_hex(8)}.part"


@contextmanager
def _told(name: str | Path) -> Iterator[None]:
    """Make a sentence of what the system says."""
    try:
        yield
    except OSError as error:
        if isinstance(error, ExportError) or not error.errno:  # a sentence already
            raise
        raise ExportError(f"{name} cannot be written ({os.strerror(error.errno)}).") from error
