"""What stands before Datasette: whom it answers, and what a page may do in the browser."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

#: Names under which this machine is asked for; any other would be a web site that points its name here.
HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})

# Everything comes from here; nothing in a page is run, framed or sent elsewhere.
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
# So many seconds an answer is written before others have their turn.
_WITHOUT_PAUSE = 0.005
# Pages of Datasette for those who log in, write, or build Datasette; there is nobody here to do so.
_CLOSED = ("/-/allow-debug", "/-/messages", "/-/patterns", "/-/permissions", "/-/auth-token", "/-/logout")


def guard(app: App) -> App:
    """The same application, for reading on this machine."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)

        paused_at = time.monotonic()

        async def send_guarded(message: Message) -> None:
            nonlocal paused_at
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            await send(message)
            if time.monotonic() - paused_at > _WITHOUT_PAUSE:
                await asyncio.sleep(0)  # a long answer lets others be given, and learns that its reader has gone
                paused_at = time.monotonic()

        if refusal := _refusal(scope):
            return await _answer(send_guarded, *refusal)
        await _while_there(receive, app(scope, _no_body, send_guarded))
        return None

    return guarded


async def _while_there(receive: Receive, answering: Coroutine[Any, Any, None]) -> None:
    """Answer for as long as whoever asked is there."""
    answer, leaving = asyncio.ensure_future(answering), asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait([answer, leaving], return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            await answer
    finally:
        answer.cancel()
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _no_body() -> Message:
    """What a page is read with: nobody sends anything here."""
    return {"type": "http.request", "body": b"", "more_body": False}


def _refusal(scope: Scope) -> tuple[int, str] | None:
    """Status and sentence for what is not answered."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    if host.rpartition(":")[0] not in HOSTS and host not in HOSTS:
        return 421, "This reading room answers to 127.0.0.1 and localhost alone."
    if _is_from_elsewhere(scope):
        return 403, "Another site may not ask this reading room; open the page by its address."
    if scope["method"] not in {"GET", "HEAD"}:
        return 405, "This reading room is for reading: nothing can be written here."
    if scope["path"].startswith(_CLOSED):
        return 404, "There is no such page."
    return None


def _is_from_elsewhere(scope: Scope) -> bool:
    """Whether a page of another site asks, and not a person who follows a link to a page without a query.

    What it asks for could be made to cost much, although it never sees the answer (Fetch Metadata, W3C).
    """
    told = {name: value for name, value in scope["headers"] if name.startswith(b"sec-fetch-")}
    if told.get(b"sec-fetch-site") not in {b"cross-site", b"same-site"}:
        return False
    return told.get(b"sec-fetch-mode") != b"navigate" or bool(scope["query_string"])


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = f"{sentence}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
