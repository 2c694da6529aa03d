"""The user's own layouts: the file of KBS_LAYOUTS, whose entries are tried before those of the project."""

import os
from pathlib import Path

from scrapy.settings import BaseSettings

from crawler.arguments import ArgumentError, open_at_once
from extractors.layout import LONGEST_FILE, LayoutError, read_layouts


def layouts_file(settings: BaseSettings) -> Path:
    """The file of KBS_LAYOUTS; by default `layouts.toml` beside the database."""
    named = str(settings["KBS_LAYOUTS"] or "").strip()
    return Path(named or Path(settings["KBS_DB"]).parent / "layouts.toml").expanduser()


def own_layouts(settings: BaseSettings, *, may_be_missing: bool = False) -> str:
    """The text of that file; empty where there is none.

    Raises:
        ArgumentError: it cannot be used, or KBS_LAYOUTS names a file that does not exist, unless it `may_be_missing`.
    """
    file = layouts_file(settings)
    try:
        with open_at_once(file) as stream:
            text = stream.read(LONGEST_FILE + 1).decode("utf-8-sig")
        read_layouts(text)
    except FileNotFoundError:
        if settings["KBS_LAYOUTS"] and not may_be_missing:
            raise ArgumentError(f"KBS_LAYOUTS names {file}, which does not exist.") from None
        return ""
    except (OSError, UnicodeDecodeError, LayoutError) as error:
        why = getattr(error, "strerror", None) or ("it is not UTF-8" if isinstance(error, UnicodeError) else error)
        raise ArgumentError(f"The layouts of {file} cannot be used ({why}); correct the file or remove it.") from None
    return text


def add_layout(file: Path, entry: str, text: str) -> None:
    """Write an entry before the others in the file, whose text is `text`: all of it or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_text(f"{entry}\n{text}", "utf-8")
    new.replace(file)
