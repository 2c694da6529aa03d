"""`FILE.manifest.json` beside an export: what it holds, and of which state of the database, to make it again."""

import json
import re
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from hashlib import file_digest, sha256
from importlib.metadata import version
from operator import methodcaller
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from storage.exports import whole_file
from storage.selection import NEWEST, ORDERS, Selection

ENDING = ".manifest.json"
_STATE = """
    select (select max(fetched_at) from articles) as captured_until, count(*) as versions,
      count(distinct url) as articles, (select count(*) from silent_edits) as silent_edits
    from catalogue
"""
# What is read of a manifest besides its selection and `written`. A file is in its folder.
_TEXTS = {"kbsworld": ".+", "file": r"(?!\.\.?$)[^/\0]+", "format": ".+", "sha256": "[0-9a-f]{64}"}


def write(db: Database, output: Path, form: str, selection: Selection, written: int, damaged: int) -> None:
    """Write the manifest of an export (DATA.md, "FILE.manifest.json"); `db` is as when it was made.

    Raises:
        ExportError: it cannot be written.
    """
    [state] = db.query(_STATE)
    if selection.as_of or state["captured_until"]:
        moment = selection.as_of or datetime.fromisoformat(state["captured_until"])
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
    with whole_file(path_of(output)) as stream:
        stream.write(f"{json.dumps(manifest, ensure_ascii=False, indent=2)}\n".encode())


def path_of(output: Path) -> Path:
    """Where the manifest of an export is."""
    return output.with_name(f"{output.name}{ENDING}")


def read(path: Path) -> tuple[dict[str, Any], Selection]:
    """A manifest and its selection.

    Raises:
        ValueError: it is not there, or is none; the message is a sentence that names the file.
    """
    try:
        manifest = json.loads(path.read_bytes())
        is_whole = all(re.fullmatch(pattern, manifest[name]) for name, pattern in _TEXTS.items())
        if is_whole and type(manifest["written"]) is int:
            return manifest, _from_json(manifest["selection"])
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}); name a file that ends in {ENDING}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise ValueError(f"{path} is not a manifest that kbsworld export wrote.")


def digest(output: Path) -> str:
    """The SHA-256 of a file; of a folder, that of its list as `sha256sum *` prints it, without manifests."""
    if not output.is_dir():
        with output.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest()
    files = sorted(file for file in output.iterdir() if file.is_file() and not file.name.endswith(ENDING))
    return sha256("".join(f"{digest(file)}  {file.name}\n" for file in files).encode()).hexdigest()


def _as_json(selection: Selection) -> Any:
    changed = {name: value for name, value in asdict(selection).items() if value != getattr(NEWEST, name)}
    return json.loads(json.dumps(changed, default=methodcaller("isoformat")))


def _from_json(values: dict[str, Any]) -> Selection:
    """The selection that is written so; ValueError, TypeError or AttributeError where none is."""
    day, moment = date.fromisoformat, lambda text: datetime.fromisoformat(text).astimezone(UTC)
    kinds: dict[str, Any] = {"since": day, "until": day, "as_of": moment, "limit": int}
    kinds = {name: type(value) for name, value in asdict(NEWEST).items()} | kinds
    selection = Selection(**{name: kinds[name](value) for name, value in values.items()})
    if selection.order not in ORDERS or _as_json(selection) != values:
        raise ValueError
    return selection
