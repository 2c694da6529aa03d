"""The Datasette plugin that makes it a reading room: its pages and its languages."""

import re
import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response, asgi_send_file
from datasette.views.base import DatasetteError
from markupsafe import Markup
from sqlite_utils import Database

from storage.checkup import refusals
from storage.web.article import article_page, path_of
from storage.web.language import PageError, pick_language, words_of_page
from storage.web.lists import FILES, Context, article_path, days_page, fault_of_charts, search_page, write_file

#: The name of the database in addresses and in metadata.yaml.
DATABASE = "kbs"
_COOKIE = "kbsworld-language"
_ATOM = "application/atom+xml; charset=utf-8"
# A page of this site: browsers take `//`, `/\\` and what they make of tabs and line ends for another server.
_OWN_PAGE = re.compile(r"/(?![/\\])[!-~]*")


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """The pages that Datasette does not have."""
    days, article = _page("days.html", days_page), _page("article.html", article_page)
    return [
        (r"^/$", days),
        (r"^/day/(?P<day>[^/]+)$", days),
        (r"^/article/(?P<edition>[a-z])/(?P<number>[0-9A-Za-z_]+)$", article),
        (r"^/article$", article),
        (rf"^/{DATABASE}/catalogue/(?P<id>-?[0-9]{{1,18}})$", _row),
        (r"^/search$", _page("search.html", search_page)),
        (rf"^/(?:feed\.(?P<feed>atom)|articles\.(?P<form>{'|'.join(FILES)}))$", _file),
        (r"^/refusals$", _page("refusals.html", lambda db, _: {"refused": refusals(db, 50)})),
        (r"^/-/language/(?P<code>fr|en)$", _pick_language),
    ]


@hookimpl
async def extra_template_vars(datasette: Datasette, request: Request, template: str) -> Context:
    """What every page needs."""
    language = pick_language(request.cookies.get(_COOKIE), request.headers.get("accept-language") or "")
    here = {"here": urlencode({"back": request.full_path}), "main_database": DATABASE, "article_path": article_path}
    if template == "dashboard_view.html":
        here["fault"] = await _read(datasette, fault_of_charts, dict(request.args))
    return words_of_page(language) | here


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
    return Response.html(await datasette.render_template("error.html", context, request=request), status=status)


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


def _page(template: str, read: Callable[..., Context]) -> Callable[..., Any]:
    """A page of what `read` returns for the database and the parameters of an address."""

    async def page(datasette: Datasette, request: Request) -> Response:
        context = await _read(datasette, read, dict(request.args) | request.url_vars)
        return Response.html(await datasette.render_template(template, context, request=request))

    return page


async def _row(datasette: Datasette, request: Request) -> Response:
    """An article by its row, as in results of queries, which is another one where the database is made anew."""
    return Response.redirect(await _read(datasette, path_of, int(request.url_vars["id"])))


async def _file(datasette: Datasette, request: Request, send: Callable[..., Any]) -> Response | None:
    """Send what a list has as a file, which a browser keeps; or a feed with the newest of it."""
    form = request.url_vars["feed"] or request.url_vars["form"]
    name, kind = (None, _ATOM) if form == "atom" else (f"kbsworld.{form}", None)
    address = f"http://{request.host}{request.full_path}"
    try:
        file = await _read(datasette, write_file, dict(request.args), form, address)
    except ImportError as error:
        return Response.text(f"This needs {error.name}: pip install 'kbsworld[{form}]'.\n", status=501)
    except ValueError as error:
        return Response.text(f"{error}\n", status=400)
    with file:
        await asgi_send_file(send, file.name, name, kind, chunk_size=1 << 16)
    return None


async def _pick_language(request: Request) -> Response:
    code = request.url_vars["code"]
    # A dashboard is in a language of its own.
    back = re.sub("^/-/dashboards/(fr|en)(?![^/?])", f"/-/dashboards/{code}", request.args.get("back") or "/")
    response = Response.redirect(back if _OWN_PAGE.fullmatch(back) else "/")
    response.set_cookie(_COOKIE, code, max_age=365 * 24 * 3600, httponly=True, samesite="strict")
    return response


async def _read(datasette: Datasette, read: Callable[..., Any], *arguments: object) -> Any:
    """What `read` returns for the database, in one of Datasette's threads."""
    database = datasette.get_database(DATABASE)
    return await database.execute_fn(lambda connection: read(Database(connection, execute_plugins=False), *arguments))
