"""`FILE.manifest.json` beside an export: what it holds, and of which state of the database, to make it again."""

import json
import os
import re
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from hashlib import file_digest, sha256
from importlib.metadata import version
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from storage.database import WrongNameError
from storage.exports import moment_of, whole_file
from storage.schema import SQL
from storage.selection import NEWEST, ORDERS, Selection

_ENDING = ".manifest.json"
# What is read of a manifest besides its selection and `written`. A file is in its folder.
_TEXTS = {"file": r"(?!\.\.?$)[^/\0]+", "format": ".+", "sha256": "[0-9a-f]{64}"}


def write(db: Database, output: Path, form: str, selection: Selection, written: int, damaged: int) -> None:
    """Write the manifest of an export (DATA.md, "FILE.manifest.json"); `db` is as when it was made.

    Raises:
        ExportError: it cannot be written.
    """
    [state] = db.query(SQL["state"])
    if moment := selection.as_of or moment_of(state["captured_until"]):
        selection = replace(selection, as_of=moment.astimezone(UTC))
    manifest = {
        "kbsworld": version("kbsworld"),
        "file": output.name,
        "format": form,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "selection": _as_json(selection),
        "written": written,
        "damaged": damaged,
        "database": state,
        "sha256": digest(output),
    }
    with whole_file(output.with_name(f"{output.name}{_ENDING}")) as stream:
        # Names that are not UTF-8 become JSON's own escapes.
        stream.write(f"{json.dumps(manifest, ensure_ascii=False, indent=2)}\n".encode(errors="backslashreplace"))


def read(path: Path) -> tuple[Path, dict[str, Any], Selection]:
    """The output, the manifest and the selection of an export, by the path of the first or the second.

    Raises:
        WrongNameError: the manifest is not there, or is none.
    """
    try:
        path = path if path.name.endswith(_ENDING) else path.with_name(f"{path.name}{_ENDING}")
        manifest = json.loads(path.read_bytes())
        is_whole = all(re.fullmatch(pattern, manifest[name]) for name, pattern in _TEXTS.items())
        if is_whole and type(manifest["written"]) is int:
            return path.with_name(manifest["file"]), manifest, _from_json(manifest["selection"])
    except OSError as error:
        raise WrongNameError(f"{path} cannot be read ({error.strerror}); name a file that ends in {_ENDING}.") from None
    except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise WrongNameError(f"{path} is not a manifest that kbsworld export wrote.")


def digest(output: "Path | os.DirEntry[str]") -> str:
    """The SHA-256 of a file; of a folder, that of its list as `sha256sum *` prints it, without manifests."""
    if not output.is_dir():
        with open(output, "rb", buffering=0) as stream:  # noqa: PTH123 - not only of a Path
            return file_digest(stream, "sha256").hexdigest()
    files = [file for file in os.scandir(output) if file.is_file() and not file.name.endswith(_ENDING)]
    listed = "".join(f"{digest(file)}  {file.name}\n" for file in sorted(files, key=attrgetter("name")))
    return sha256(os.fsencode(listed)).hexdigest()


def _as_json(selection: Selection) -> Any:
    changed = {name: value for name, value in asdict(selection).items() if value != getattr(NEWEST, name)}
    return json.loads(json.dumps(changed, default=methodcaller("isoformat")))


def _from_json(values: dict[str, Any]) -> Selection:
    """The selection that is written so; ValueError, TypeError or AttributeError where none is."""
    day, moment = date.fromisoformat, lambda text: datetime.fromisoformat(text).astimezone(UTC)
    kinds: dict[str, Any] = {"since": day, "until": day, "as_of": moment, "limit": range(10**9).index}
    kinds = {name: type(value) for name, value in asdict(NEWEST).items()} | kinds
    selection = Selection(**{name: kinds[name](value) for name, value in values.items()})
    is_ordered = selection.order in ORDERS and (selection.query or selection.order != "rank")
    if not is_ordered or _as_json(selection) != values:
        raise ValueError
    return selection
