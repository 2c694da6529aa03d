"""One name for each article, or each version, that is the same in every export: for files and for references."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from extractors.address import parse_address
from storage.versions import Row

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d\+09:00)?", re.ASCII)
_KIND = re.compile(r"[a-z]{1,20}")
# Small letters alone: some file systems know no others.
_NUMBER = re.compile(r"[a-z0-9_]{1,60}")
_DIGITS = 16


def name_of(row: Row, *, version: bool) -> str:
    """The name of a row's article: its day, kind, edition and number, as in `2026-11-24-news-fr-83685`.

    An address without a number gives 16 digits of its SHA-256 instead. The name is of small letters, digits, `T`, `-`
    and `_`.

    Args:
        row: of `articles`.
        version: add the time of the version, as in `2026-11-24-news-fr-83685-20261124T105959`.
    """
    day = (row["written_at"] or row["timestamp"])[:10]
    kind = row["kind"]
    parts = [day if _DAY.fullmatch(day) else "undated", kind if _KIND.fullmatch(kind) else "other", _number(row["url"])]
    if version:
        timestamp = row["timestamp"]
        is_ours = _TIMESTAMP.fullmatch(timestamp)
        parts.append(re.sub("[-:]", "", timestamp[:19]) if is_ours else _digest(timestamp))
    return "-".join(parts)


def _number(url: str) -> str:
    address = parse_address(url)
    if address is None or not address.is_article or address.url != url:
        return _digest(url)
    ids = [value for _, value in parse_qsl(urlsplit(url).query)[1:]]
    return "-".join([str(address.lang), *ids]) if all(map(_NUMBER.fullmatch, ids)) else _digest(url)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
