"""Failures in words: why a page could not be had, and why a command could not do its work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError

if TYPE_CHECKING:
    from scrapy.commands import ScrapyCommand

#: Exit statuses of the project's commands.
WORK_FAILED = 1
WRONG_CALL = 2

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (CannotResolveHostError, "the host's name cannot be resolved"),
    (DownloadConnectionRefusedError, "the host refuses connections"),
    (DownloadTimeoutError, "no complete answer within the time limit"),
    (ResponseDataLossError, "the connection ended in the middle of the page"),
)


def reason_for(error: BaseException) -> str:
    """One phrase, without a full stop, for the reason a download failed."""
    if isinstance(error, HttpError):
        return f"HTTP {error.response.status}"
    if isinstance(error, IgnoreRequest) and str(error):
        return str(error)
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if "certificate verify failed" in str(error):
        return "its certificate cannot be verified (-s DOWNLOAD_VERIFY_CERTIFICATES=False goes on without)"
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def complain(command: ScrapyCommand, sentence: str, status: int) -> None:
    """Tell the person at the terminal, and have the command end with that exit status unless it has a higher one."""
    print(sentence, file=sys.stderr)
    command.exitcode = max(command.exitcode, status)
