"""Waits after errors, as long as the site asks; ends the run if the site keeps failing."""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from email.utils import parsedate_to_datetime

from scrapy import Request
from scrapy.downloadermiddlewares import retry
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.settings import BaseSettings
from scrapy.utils.httpobj import urlparse_cached

from crawler.run_state import end_run, is_ending, reason_for
from crawler.terminal import counted, tell

# A back-off grows no further, in seconds.
_LONGEST_BACKOFF = 300.0
# A longer wait is reported when it begins, in seconds.
_SHORT_WAIT = 5.0


class RetryMiddleware(retry.RetryMiddleware):
    """Scrapy's, with a back-off: after an error no request goes to that host for a while.

    KBS_BACKOFF seconds after the first error, twice as long after each further one in a row; longer if `Retry-After`
    asks for it. After KBS_BREAKER errors in a row, or a `Retry-After` above KBS_LONGEST_WAIT, the run ends.
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self._backoff = settings.getfloat("KBS_BACKOFF")
        self._breaker = settings.getint("KBS_BREAKER")
        self._longest_wait = settings.getfloat("KBS_LONGEST_WAIT")
        # By host: errors in a row, as phrases, and when it may be asked again (time.monotonic).
        self._errors: defaultdict[str, list[str]] = defaultdict(list)
        self._resume_at: defaultdict[str, float] = defaultdict(float)

    async def process_request(self, request: Request) -> None:
        """Wait until the host may be asked again."""
        host = urlparse_cached(request).netloc
        if (wait := self._resume_at[host] - time.monotonic()) > _SHORT_WAIT and self._errors[host]:
            tell(f"{host}: {self._errors[host][-1]}; waiting {wait:.0f} s")
        while (wait := self._resume_at[host] - time.monotonic()) > 0:
            if is_ending(self.crawler):
                raise IgnoreRequest("the run is ending")
            await asyncio.sleep(min(wait, 1.0))

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        host = urlparse_cached(request).netloc
        if response.status in self.retry_http_codes:
            self._note_error(host, f"HTTP {response.status}", _retry_after(response))
        else:
            self._errors[host].clear()
        return super().process_response(request, response)

    def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | Response | None:
        if isinstance(exception, self.exceptions_to_retry):
            self._note_error(urlparse_cached(request).netloc, reason_for(exception), 0.0)
        return super().process_exception(request, exception)

    def _note_error(self, host: str, reason: str, asked_for: float) -> None:
        self._errors[host].append(reason)
        errors = len(self._errors[host])
        backoff = min(self._backoff * 2.0 ** (errors - 1), _LONGEST_BACKOFF)
        self._resume_at[host] = time.monotonic() + max(asked_for, backoff)
        if errors >= self._breaker:
            sentence = f"{host} failed {counted(errors, 'time')} in a row, the last time: {reason}; run it again later."
            end_run(self.crawler, "site_failing", sentence)
        elif asked_for > self._longest_wait:
            sentence = f"{host} asks to be left alone for {asked_for:.0f} s; run it again after that."
            end_run(self.crawler, "site_failing", sentence)


def _retry_after(response: Response) -> float:
    """The seconds that `Retry-After` asks for, as a number or a date; 0 without it."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    with suppress(ValueError, OverflowError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0
