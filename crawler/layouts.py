"""The user's own layouts: the file of KBS_LAYOUTS, whose entries are tried before those of the project."""

import os
from pathlib import Path

from scrapy.settings import BaseSettings

from crawler.arguments import ArgumentError, open_at_once
from extractors.layout import LONGEST_FILE, read_layouts


def layouts_file(settings: BaseSettings) -> Path:
    """The file of KBS_LAYOUTS; by default `layouts.toml` beside the database."""
    return Path(settings["KBS_LAYOUTS"] or Path(settings["KBS_DB"]).parent / "layouts.toml").expanduser()


def own_layouts(settings: BaseSettings) -> str:
    """The text of that file, empty where there is none; ArgumentError if it cannot be used."""
    file = layouts_file(settings)
    try:
        with open_at_once(file) as stream:
            text = stream.read(LONGEST_FILE + 1).decode("utf-8-sig")
        read_layouts(text)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ArgumentError(f"The layouts in {file} cannot be used: {why}. Correct the file, or remove it.") from None
    return text


def add_layout(settings: BaseSettings, entry: str) -> Path:
    """Write an entry before the others into the file, all of it or nothing; returns the file."""
    file, text = layouts_file(settings), f"{entry}\n{own_layouts(settings)}"
    read_layouts(text)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_text(text, "utf-8")
    return new.replace(file)
