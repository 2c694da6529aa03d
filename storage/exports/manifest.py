"""`FILE.manifest.json` beside an export: what it holds, and of which state of the database, to make it again."""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

from sqlite_utils import Database

from storage.exports import whole_file
from storage.selection import NEWEST, ORDERS, Selection

ENDING = ".manifest.json"
_MAX_BYTES = 100_000_000  # with as many addresses as the site can have
_STATE = """
    select (select max(fetched_at) from articles) as captured_until, count(*) as versions,
      count(distinct url) as articles, (select count(*) from silent_edits) as silent_edits
    from catalogue
"""


class Manifest(TypedDict):
    """What the file holds.

    Attributes:
        kbsworld: the version of the tool.
        file: name of the file or folder beside it.
        format: as of `export --format`.
        made_at: when; ISO 8601, UTC.
        selection: the fields of a Selection that are not as by default, times and days as ISO 8601. `as_of` is there
            whatever was asked for: when the newest page that the database held was captured.
        written, damaged: how many rows it has, and how many were left out.
        database: what the database held in all, then.
        sha256: of the file; of a folder, `digest`.
    """

    kbsworld: str
    file: str
    format: str
    made_at: str
    selection: dict[str, Any]
    written: int
    damaged: int
    database: dict[str, Any]
    sha256: str


class ManifestError(ValueError):
    """It cannot be read. The message is one sentence that names the file."""


def state_of(db: Database) -> dict[str, Any]:
    """What a database holds: how many `articles`, `versions`, `silent_edits`, and `captured_until` (None: nothing)."""
    [state] = db.query(_STATE)
    return state


def write(output: Path, form: str, selection: Selection, state: Mapping[str, Any], written: int, damaged: int) -> None:
    """Write the manifest of an export; `state` is that of the database from which it was made.

    Raises:
        ExportError: it cannot be written.
    """
    if selection.as_of is None and state["captured_until"]:
        selection = replace(selection, as_of=datetime.fromisoformat(state["captured_until"]))
    manifest: Manifest = {
        "kbsworld": version("kbsworld"),
        "file": output.name,
        "format": form,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "selection": _as_json(selection),
        "written": written,
        "damaged": damaged,
        "database": dict(state),
        "sha256": digest(output),
    }
    with whole_file(path_of(output)) as stream:
        stream.write(f"{json.dumps(manifest, ensure_ascii=False, indent=2)}\n".encode())


def path_of(output: Path) -> Path:
    """Where the manifest of an export is."""
    return output.with_name(f"{output.name}{ENDING}")


def read(path: Path) -> tuple[Manifest, Selection]:
    """A manifest and its selection.

    Raises:
        ManifestError: it is not there, or is none.
    """
    try:
        with path.open("rb") as stream:
            manifest = json.loads(stream.read(_MAX_BYTES))
        return _checked(manifest), _from_json(manifest["selection"])
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}); name a file that ends in {ENDING}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ManifestError(f"{path} is not a manifest that kbsworld export wrote.") from None


def digest(output: Path) -> str:
    """The SHA-256 of a file; of a folder, that of its list as `sha256sum *` prints it, without manifests."""
    if not output.is_dir():
        with output.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest()
    files = sorted(file for file in output.iterdir() if file.is_file() and not file.name.endswith(ENDING))
    return sha256("".join(f"{digest(file)}  {file.name}\n" for file in files).encode()).hexdigest()


def _as_json(selection: Selection) -> dict[str, Any]:
    values = {field.name: getattr(selection, field.name) for field in fields(Selection)}
    changed = {name: value for name, value in values.items() if value != getattr(NEWEST, name)}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in changed.items()}


def _checked(manifest: Any) -> Manifest:
    """It; ValueError, KeyError or TypeError where something of it is missing, or leads out of its folder."""
    kinds = {name: kind if kind in {int, str} else dict for name, kind in Manifest.__annotations__.items()}
    is_whole = all(isinstance(manifest[name], kind) for name, kind in kinds.items())
    if not is_whole or manifest["file"] in {"", ".", ".."} or set("/\0") & set(manifest["file"]):
        raise ValueError
    return manifest  # type: ignore[no-any-return]


def _from_json(values: Mapping[str, Any]) -> Selection:
    """The selection; ValueError, TypeError or AttributeError where the values are not those of one."""
    read: dict[str, Any] = {"since": date.fromisoformat, "until": date.fromisoformat, "as_of": datetime.fromisoformat}
    given: dict[str, Any] = {name: read.get(name, _plain)(value) for name, value in values.items()}
    kinds = {"since": date, "until": date, "as_of": datetime, "limit": int}
    if any(type(value) is not kinds.get(name, type(getattr(NEWEST, name))) for name, value in given.items()):
        raise TypeError
    selection = replace(NEWEST, **given)
    if selection.order not in ORDERS or (selection.as_of and not selection.as_of.tzinfo):
        raise ValueError
    return selection


def _plain(value: Any) -> Any:
    return tuple(map(str, value)) if isinstance(value, list) else value
