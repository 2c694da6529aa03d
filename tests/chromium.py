"""The browser that the tests look through: the system's Chromium."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Its program: KBS_CHROMIUM, or the first of NAMES that is installed; None where there is none."""
    return os.environ.get("KBS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
