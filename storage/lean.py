"""Imports sqlite-utils without numpy and pandas, which it imports where they are installed: half a second a command."""

import sys
from typing import Any

_modules: dict[str, Any] = sys.modules
_unused = {"numpy", "pandas"} - _modules.keys()
_modules.update(dict.fromkeys(_unused))  # None: it is not there
import sqlite_utils  # noqa: E402, F401

for _name in _unused:
    del _modules[_name]
