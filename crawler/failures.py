"""Why a page could not be had, in words."""

from __future__ import annotations

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError

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
