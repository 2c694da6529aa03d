"""The Datasette plugin that makes it a reading room: its pages and its languages."""

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response, asgi_send_file
from datasette.views.base import DatasetteError
from markupsafe import Markup
from sqlite_utils import Database

from extractors.address import EDITIONS, site_url
from storage.checkup import refusals
from storage.web.article import article_page, path_of
from storage.web.language import PageError, pick_language, words_of_page
from storage.web.lists import FILES, Context, article_path, asked_in, days_page, no_charts, search_page, write_file

#: The name of the database in addresses and in metadata.yaml.
DATABASE = "kbs"
_COOKIE = "kbsworld-language"
_ATOM = "application/atom+xml; charset=utf-8"
# A page of this site: browsers take `//`, `/\\` and what they make of tabs and line ends for another server.
_OWN_PAGE = re.compile(r"/(?![/\\])[!-~]*")


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """The pages that Datasette does not have."""
    return [
        (r"^/$", _days),
        (r"^/day/(?P<day>[^/]+)$", _days),
        (r"^/article/(?P<edition>[a-z])/(?P<number>[0-9A-Za-z_]+)$", _article),
        (r"^/article$", _article),
        (rf"^/{DATABASE}/catalogue/(?P<id>-?[0-9]{{1,18}})$", _row),
        (r"^/search$", _search),
        (rf"^/(?:feed\.(?P<feed>atom)|articles\.(?P<form>{'|'.join(FILES)}))$", _file),
        (r"^/refusals$", _refusals),
        (r"^/-/language/(?P<code>fr|en)$", _pick_language),
    ]


@hookimpl
async def extra_template_vars(datasette: Datasette, request: Request, template: str) -> Context:
    """What every page needs."""
    language = pick_language(request.cookies.get(_COOKIE), request.headers.get("accept-language") or "")
    here = {"here": urlencode({"back": request.full_path}), "main_database": DATABASE}
    if template == "dashboard_view.html":
        fault = await _read(datasette, no_charts, request.args)
        here["no_charts"] = fault and fault.words[language]
    return words_of_page(language) | here | {"article_path": article_path}


@hookimpl(tryfirst=True)
async def handle_exception(datasette: Datasette, request: Request, exception: Exception) -> Response:
    """Show what went wrong on a page of ours, and nothing on the terminal."""
    status = _status(exception)
    message = getattr(exception, "message", str(exception))
    if status == 404 and not isinstance(exception, PageError):
        exception = PageError("no_page", 404)
    if getattr(exception, "message_is_html", False):
        message = Markup(message)  # noqa: S704  (Datasette's own)
    context = {"ok": False, "error": message, "status": status}
    if request.path.endswith(".json"):
        return Response.json(context, status=status)
    context["words"] = getattr(exception, "words", None)
    return await _page(datasette, request, "error.html", context, status)


def _status(exception: Exception) -> int:
    if isinstance(exception, sqlite3.ProgrammingError):
        return 404  # the address of a row has fewer parts than its key
    status = int(getattr(exception, "status", 400 if isinstance(exception, ValueError) else 500))
    return 400 if status == 500 and isinstance(exception, DatasetteError) else status  # such as an unknown column


@hookimpl
def render_cell(row: Any, value: object, column: str, table: str | None, database: str) -> Markup | None:
    """In the results of a query with ids of articles, these and the titles are links to them."""
    if database == DATABASE and column in {"id", "title"} and table is None and "id" in row.keys():  # noqa: SIM118
        return Markup('<a href="/{}/catalogue/{}">{}</a>').format(DATABASE, row["id"], value)
    return None


async def _days(datasette: Datasette, request: Request) -> Response:
    day = request.url_vars.get("day") or request.args.get("day")
    return await _page(datasette, request, "days.html", await _read(datasette, days_page, day or ""))


async def _article(datasette: Datasette, request: Request) -> Response:
    edition, number = request.url_vars.get("edition"), request.url_vars.get("number")
    url = site_url("news", edition, number=number) if edition in EDITIONS else request.args.get("url") or ""
    asked = asked_in(request.args)
    version, against = (request.args.get(name) or "" for name in ("version", "against"))
    context = await _read(datasette, article_page, url, asked, version, against)
    return await _page(datasette, request, "article.html", context)


async def _row(datasette: Datasette, request: Request) -> Response:
    """An article by its row, as in results of queries, which is another one where the database is made anew."""
    path = await _read(datasette, path_of, int(request.url_vars["id"]))
    if path is None:
        raise PageError("not_stored", 404)
    return Response.redirect(path)


async def _search(datasette: Datasette, request: Request) -> Response:
    page = request.args.get("page") or "1"
    number = int(page) if re.fullmatch("[1-9][0-9]?", page, re.ASCII) else 1
    context = await _read(datasette, search_page, asked_in(request.args), number)
    return await _page(datasette, request, "search.html", context)


@dataclass(frozen=True)
class _Sent:
    """A file that is sent and then closed; a browser keeps all but a feed, under a name that says what it is."""

    file: Any
    form: str

    async def asgi_send(self, send: Callable[..., Any]) -> None:
        name, kind = (None, _ATOM) if self.form == "atom" else (f"kbsworld.{self.form}", None)
        with self.file:
            await asgi_send_file(send, self.file.name, name, kind, chunk_size=1 << 16)


async def _file(datasette: Datasette, request: Request) -> Response | _Sent:
    """What a list has as a file; as a feed the newest of it."""
    form = request.url_vars["feed"] or request.url_vars["form"]
    address = f"http://{request.host}{request.full_path}"
    try:
        return _Sent(await _read(datasette, write_file, asked_in(request.args), form, address), form)
    except ImportError as error:
        return Response.text(f"This needs {error.name}: pip install 'kbsworld[{form}]'.\n", status=501)
    except ValueError as error:
        return Response.text(f"{error}\n", status=400)


async def _refusals(datasette: Datasette, request: Request) -> Response:
    context = await _read(datasette, lambda db: {"refused": refusals(db, 50)})
    return await _page(datasette, request, "refusals.html", context)


async def _pick_language(request: Request) -> Response:
    code = request.url_vars["code"]
    # A dashboard is in a language of its own.
    back = re.sub("^/-/dashboards/(fr|en)(?![^/?])", f"/-/dashboards/{code}", request.args.get("back") or "/")
    response = Response.redirect(back if _OWN_PAGE.fullmatch(back) else "/")
    year = 365 * 24 * 3600
    response.set_cookie(_COOKIE, code, max_age=year, httponly=True, samesite="strict")
    return response


async def _page(datasette: Datasette, request: Request, template: str, context: Context, status: int = 200) -> Response:
    page = await datasette.render_template(template, context, request=request, view_name=template)
    return Response.html(page, status=status)


async def _read(datasette: Datasette, read: Callable[..., Any], *arguments: object) -> Any:
    """What `read` returns for the database, in one of Datasette's threads."""
    database = datasette.get_database(DATABASE)
    return await database.execute_fn(lambda connection: read(Database(connection, execute_plugins=False), *arguments))
