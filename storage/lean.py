"""Imports sqlite-utils without pandas and numpy, which it imports where they are installed: half a second a command.

It wants them for column types that no table here has.
"""

import sys
from typing import Any

_modules: dict[str, Any] = sys.modules
_unused = [name for name in ("numpy", "pandas") if name not in _modules]
_modules.update(dict.fromkeys(_unused))  # None: it is not there
try:
    import sqlite_utils  # noqa: F401
finally:
    for _name in _unused:
        del _modules[_name]
