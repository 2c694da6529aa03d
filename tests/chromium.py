"""The browser that the tests and the pictures use: the system's Chromium."""

import os
import shutil


def find_chromium() -> str | None:
    """The browser's program: CHROMIUM, or the first that is installed; None if none is."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
