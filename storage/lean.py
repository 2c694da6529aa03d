"""Imports sqlite-utils without numpy and pandas, which it imports where they are installed: half a second a command."""

import sys

_unused = {"numpy", "pandas"} - sys.modules.keys()
sys.modules.update(dict.fromkeys(_unused))  # type: ignore[arg-type]  # None: it is not there
import sqlite_utils  # noqa: E402, F401

for _name in _unused:
    del sys.modules[_name]
