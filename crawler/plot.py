"""Charts into a file: Vega-Lite drawn on this machine, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from storage.charts import Spec
from storage.exports.base import ExportError
from storage.exports.targets import whole_file

# Of Vega-Lite, whose schema the charts name.
_VERSION = "6.4"
# Pixels of a picture for one of a chart: it is to be read on a fine screen, and printed.
_SCALE = 2.0


def check_plot(path: Path) -> None:
    """Judge, before anything is read, whether a picture can be drawn into such a file.

    Raises:
        ValueError: its name does not end in what can be drawn; the message is a sentence.
        ImportError: what draws is missing; the message is a sentence.
    """
    if path.suffix.lower() not in _DRAW:
        raise ValueError(f"--plot {path} is neither .png nor .svg; end the name in one of them.")
    try:
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise ImportError("--plot needs vl-convert-python: pip install 'kbsworld[plot]'.") from error


def plot(spec: Spec, path: Path) -> None:
    """Draw a chart into a file, which is there whole or not at all.

    Args:
        spec: Vega-Lite, complete with its rows.
        path: one that `check_plot` takes.

    Raises:
        ExportError: it cannot be drawn or written; the message is a sentence.
    """
    try:
        picture = _DRAW[path.suffix.lower()](spec)
    except ValueError as error:
        reason = next(iter(str(error).splitlines()[1:]), str(error))
        raise ExportError(f"{path} cannot be drawn ({reason}).") from error
    with whole_file(path) as stream:
        stream.write(picture)


def _svg(spec: Spec) -> bytes:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(spec, **_OFFLINE)).encode()


def _png(spec: Spec) -> bytes:
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(spec, scale=_SCALE, **_OFFLINE))


_OFFLINE: Mapping[str, Any] = {"vl_version": _VERSION, "allowed_base_urls": []}
_DRAW: Mapping[str, Callable[[Spec], bytes]] = {".png": _png, ".svg": _svg}
