"""What is checked before Datasette answers: who asks, and what a page may do in the browser."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from datasette.utils.asgi import Response

#: A scope or message of ASGI, and an application.
Message = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]

# Names of this machine; any other in a Host header is a web site whose name leads here (DNS rebinding).
_HOSTS = {"127.0.0.1", "localhost", "[::1]"}

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


def guard(app: App) -> App:
    """The same application, for reading on this machine."""

    async def guarded(scope: Message, receive: Any, send: App) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            await send(message)

        if scope["type"] == "http" and (refusal := _refusal(scope)):
            status, sentence = refusal
            await Response.text(f"{sentence}\n", status=status).asgi_send(send_guarded)
        else:
            await app(scope, receive, send_guarded)

    return guarded


def _refusal(scope: Message) -> tuple[int, str] | None:
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1")
    if host not in _HOSTS and host.rpartition(":")[0] not in _HOSTS:
        return 421, "The reading room answers only to 127.0.0.1 and localhost."
    # A page of another site never sees the answer, but could ask for something expensive (Fetch Metadata, W3C).
    # A person may follow its link to a page without a query.
    is_from_elsewhere = headers.get(b"sec-fetch-site") in {b"cross-site", b"same-site"}
    if is_from_elsewhere and (headers.get(b"sec-fetch-mode") != b"navigate" or scope["query_string"]):
        return 403, "Requests from other sites are refused; open the page by its address."
    if scope["method"] not in {"GET", "HEAD"}:
        return 405, "The reading room is read-only."
    return None
