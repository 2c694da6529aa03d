"""The Datasette plugin that makes it a reading room: its pages and its languages."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response
from markupsafe import Markup
from sqlite_utils import Database

from storage.checkup import refusals
from storage.web.language import pick_language, words_of_page
from storage.web.pages import Context, article, feed, front_page, results

#: The name of the database in addresses and in metadata.yaml.
DATABASE = "kbs"
_COOKIE = "kbsworld-language"
# A page of this site: browsers take `//`, `/\\` and what they make of tabs and line ends for another server.
_OWN_PAGE = re.compile(r"/(?![/\\])[!-~]*")


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """The pages that Datasette does not have."""
    return [
        (r"^/$", _front),
        (r"^/search$", _search),
        (r"^/feed\.atom$", _feed),
        (r"^/refusals$", _refusals),
        (r"^/-/language/(?P<code>fr|en)$", _pick_language),
    ]


@hookimpl
async def extra_template_vars(
    datasette: Datasette, request: Request, view_name: str, database: str | None, table: str | None
) -> Context:
    """What every page needs, and the article on its own page."""
    language = pick_language(request.cookies.get(_COOKIE), request.headers.get("accept-language") or "")
    context = words_of_page(language) | {
        "here": urlencode({"back": request.full_path}),
        "catalogue": datasette.urls.table(DATABASE, "catalogue"),
        "main_database": DATABASE,
    }
    if view_name == "row" and (database, table) == (DATABASE, "catalogue"):
        context |= await _read(datasette, article, request.url_vars["pks"], request.args.get("_against"))
    return context


@hookimpl(tryfirst=True)
async def handle_exception(datasette: Datasette, request: Request, exception: Exception) -> Response:
    """Show what went wrong on a page of ours, and nothing on the terminal."""
    status, message = getattr(exception, "status", 500), getattr(exception, "message", str(exception))
    if getattr(exception, "message_is_html", False):
        message = Markup(message)  # noqa: S704  (Datasette's own)
    context = {"ok": False, "error": message, "status": status}
    if request.path.endswith(".json"):
        return Response.json(context, status=status)
    return await _page(datasette, request, "error.html", context, status)


@hookimpl
def render_cell(value: object, column: str, table: str | None, database: str) -> Markup | None:
    """In the results of a query an id is a link to its article."""
    if database == DATABASE and column == "id" and table is None and isinstance(value, int):
        return Markup('<a href="/{0}/catalogue/{1}">{1}</a>').format(DATABASE, value)
    return None


async def _front(datasette: Datasette, request: Request) -> Response:
    return await _page(datasette, request, "front.html", await _read(datasette, front_page))


async def _search(datasette: Datasette, request: Request) -> Response:
    query = (request.args.get("q") or "").strip()
    if not query:
        return Response.redirect("/")
    return await _page(datasette, request, "search.html", await _read(datasette, results, query))


async def _feed(datasette: Datasette, request: Request) -> Response:
    """The newest articles for a feed reader: of a category (`?category=`), or with words (`?q=`)."""
    address = f"http://{request.host}{request.full_path}"
    try:
        body = await _read(datasette, feed, request.args.get("q") or "", request.args.get("category"), address)
    except ValueError as error:
        return Response.text(f"{error}\n", status=400)
    return Response(body, content_type="application/atom+xml; charset=utf-8")


async def _refusals(datasette: Datasette, request: Request) -> Response:
    context = await _read(datasette, lambda db: {"refused": refusals(db, 50)})
    return await _page(datasette, request, "refusals.html", context)


async def _pick_language(request: Request) -> Response:
    back = request.args.get("back") or "/"
    response = Response.redirect(back if _OWN_PAGE.fullmatch(back) else "/")
    year = 365 * 24 * 3600
    response.set_cookie(_COOKIE, request.url_vars["code"], max_age=year, httponly=True, samesite="strict")
    return response


async def _page(datasette: Datasette, request: Request, template: str, context: Context, status: int = 200) -> Response:
    page = await datasette.render_template(template, context, request=request, view_name=template)
    return Response.html(page, status=status)


async def _read(datasette: Datasette, read: Callable[..., Any], *arguments: object) -> Any:
    """What `read` returns for the database, in one of Datasette's threads."""
    database = datasette.get_database(DATABASE)
    return await database.execute_fn(lambda connection: read(Database(connection, execute_plugins=False), *arguments))
