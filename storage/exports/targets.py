"""Files and folders that are replaced as a whole, or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from storage.exports.base import ExportError

_DESCRIPTOR = re.compile(r"/dev/(?:stdout|fd/([0-9]{1,9}))")
# Bytes written at a time: an article is a few thousand.
_BUFFER = 1 << 20


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
            descriptor = os.dup(int(opened[1] or 1)) if opened else os.open(target, os.O_WRONLY)
            with os.fdopen(descriptor, "wb", _BUFFER) as stream:
                yield stream
            return
        temporary = _temporary(target.parent)
        try:
            with temporary.open("xb", _BUFFER) as stream:
                yield stream
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder whose files move into the one at `path` at the end, and replace those that have their names.

    Raises:
        ExportError: it cannot be written.
    """
    target = path.expanduser()
    with _errors_named(path):
        target.mkdir(parents=True, exist_ok=True)
        # Inside it, and not beside it: that may be another disk.
        temporary = _temporary(target)
        try:
            temporary.mkdir()
            yield temporary
            for file in sorted(temporary.iterdir()):
                file.replace(target / file.name)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _temporary(folder: Path) -> Path:
    return folder / f".export-{secrets.token_hex(8)}.part"


@contextmanager
def _errors_named(name: str | Path) -> Iterator[None]:
    """Make a sentence of the system's errors."""
    try:
        yield
    except OSError as error:
        if isinstance(error, ExportError) or not error.errno:  # a sentence already
            raise
        raise ExportError(f"{name} cannot be written ({os.strerror(error.errno)}).") from error
