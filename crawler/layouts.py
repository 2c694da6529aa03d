"""The user's own layouts: the file of KBS_LAYOUTS, whose entries are tried before those of the project."""

from pathlib import Path

from scrapy.settings import BaseSettings

from crawler.arguments import ArgumentError, open_at_once
from extractors.layout import read_layouts

# Far more than a person needs; the file is read for every run.
_LONGEST = 100_000


def layouts_file(settings: BaseSettings) -> Path:
    """The file of KBS_LAYOUTS; by default `layouts.toml` beside the database."""
    return Path(settings["KBS_LAYOUTS"] or Path(settings["KBS_DB"]).parent / "layouts.toml").expanduser()


def own_layouts(settings: BaseSettings) -> str:
    """The text of that file, empty where there is none; ArgumentError if it cannot be used."""
    file = layouts_file(settings)
    try:
        with open_at_once(file) as stream:
            data = stream.read(_LONGEST + 1)
        if len(data) > _LONGEST:
            raise ValueError(f"it is larger than {_LONGEST:,} bytes")  # noqa: TRY301
        text = data.decode("utf-8-sig")
        read_layouts(text)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ArgumentError(f"The layouts in {file} cannot be used: {why}. Correct the file, or remove it.") from None
    return text
