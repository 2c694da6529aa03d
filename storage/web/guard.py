"""What is checked before Datasette answers: who asks, and what a page may do in the browser."""

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http.cookies import CookieError
from secrets import token_urlsafe
from typing import Any

from datasette.utils.asgi import Request, Response

#: A scope or message of ASGI, and an application.
Message = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]

# Names of this machine; any other in a Host header is a web site whose name leads here (DNS rebinding).
_HOSTS = {"127.0.0.1", "localhost", "[::1]"}
_COOKIE = "kbsworld-guest"
# How many may follow a link before the first comes back.
_OFFERED = 10

# A page loads from here only; no script in it runs, no other site frames it, no form sends elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Guests:
    """The browsers of other machines that may read: each followed a link of its own once."""

    def __init__(self, invite: Callable[[str], None]) -> None:
        """`invite` is called with the path of each link."""
        self._invite = invite
        self._cookies: set[str] = set()
        self._offered: list[str] = []
        self._path = ""

    def invite(self) -> None:
        """Make a link, for the next browser."""
        self._path = f"/share/{token_urlsafe(24)}"
        self._invite(self._path)

    def welcome(self, scope: Message) -> Response | None:
        """The answer to a request that follows the link, with a cookie: of a browser, or what shows a preview of it."""
        if (scope["method"], scope["path"]) != ("GET", self._path):
            return None
        cookie = token_urlsafe(24)
        self._offered = [*self._offered, cookie][-_OFFERED:]
        # Not a redirect: a browser that comes from elsewhere, as from a message, would not send the cookie there.
        answer = Response.html('<!DOCTYPE html><title>KBS World</title><a href="/">KBS World</a>')
        answer.headers["refresh"] = "0; url=/"
        answer.set_cookie(_COOKIE, cookie, httponly=True, samesite="strict")
        return answer

    def knows(self, scope: Message) -> bool:
        """Whether a request is of such a browser; the first that comes with a cookie of the link uses it up."""
        cookie = ""
        with suppress(CookieError):
            cookie = Request(scope, None).cookies.get(_COOKIE, "")
        if cookie in self._offered:
            self._cookies.add(cookie)
            self._offered.clear()
            self.invite()
        return cookie in self._cookies


def guard(app: App, guests: Guests | None = None) -> App:
    """The same application, for reading on this machine, and for guests."""

    async def guarded(scope: Message, receive: Any, send: App) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            await send(message)

        if scope["type"] == "http" and (answer := _answer(scope, guests)):
            await answer.asgi_send(send_guarded)
        else:
            await app(scope, receive, send_guarded)

    return guarded


def _answer(scope: Message, guests: Guests | None) -> Response | None:
    """The refusal of a request, or the welcome of a guest; None: the application answers."""
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1").lower()
    is_here = scope["client"][0].startswith("127.") and (host in _HOSTS or host.rpartition(":")[0] in _HOSTS)
    if not is_here and (guests is None or host != "{}:{}".format(*scope["server"])):
        return Response.text("The reading room answers only to 127.0.0.1 and localhost.\n", 421)
    # A page of another site never sees the answer, but could ask for something expensive (Fetch Metadata, W3C).
    # A person may follow its link to a page without a query.
    is_from_elsewhere = headers.get(b"sec-fetch-site") in {b"cross-site", b"same-site"}
    if is_from_elsewhere and (headers.get(b"sec-fetch-mode") != b"navigate" or scope["query_string"]):
        return Response.text("Requests from other sites are refused; open the page by its address.\n", 403)
    if scope["method"] not in {"GET", "HEAD"}:
        return Response.text("The reading room is read-only.\n", 405)
    if guests and (welcome := guests.welcome(scope)):
        return welcome
    if guests and not is_here and not guests.knows(scope):
        return Response.text("Open the link that kbsworld browse --share shows; each lets one browser in, once.\n", 403)
    return None
