"""Scrapy's HTTP cache (FilesystemCacheStorage): a folder an answer. What is pickled there is never read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapy.http import Headers
from scrapy.utils.http import headers_raw_to_dict

