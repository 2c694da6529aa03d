"""Who is answered, what is refused, and how the reading room opens and closes: asked without a browser."""

import json
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import feedparser
import pytest

from storage import ArticleStore
from tests.crawler.prepared import prepared
from tests.storage.web.rooms import SECOND, SUMMIT, THIRD, VERSIONS, Room, add, opened

# Status -> paths.
ANSWERS = {
    200: "/ /search?q=sommet /article/f/99001 /articles.xlsx?q=sommet /kbs/catalogue/1.json /kbs/catalogue.csv "
    "/kbs.json?sql=select+1 /-/dashboards/fr?word=a /static/style.css "
    "/-/static/app.css /-/static-plugins/datasette_dashboards/vega.min.js",
    302: "/kbs/catalogue/1",
    400: "/kbs?sql=drop+table+articles /kbs/catalogue?_sort=zz /day/2026-13-01 /search?since=never "
    "/feed.atom?category=nulle+part",
    403: "/kbs.db",
    404: "/nowhere /nowhere.json /_memory.json?sql=select+1 /-/dashboards/de /static/%2e%2e/app.py "
    "/article/f/1 /article/z/1 /kbs/catalogue/9 /kbs/articles/zz /article/f/-1 /article/f/99001?version=9",
}
# Of another site: an image of ours in its page, and a link to a page of ours.
IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
REQUESTS = [
    (200, "GET", "/", {"Host": "[::1]:80"}),
    (200, "GET", "/", {"Host": "LocalHost:80"}),
    (421, "GET", "/", {"Host": "evil.example:80"}),
    (403, "GET", "/article/f/99001", IMAGE),
    (403, "GET", "/search?q=coree", LINK),
    (200, "GET", "/article/f/99001", LINK),
    (200, "GET", "/search?q=coree", {"Sec-Fetch-Site": "same-origin"}),
    (405, "POST", "/kbs/articles", {}),
    (405, "DELETE", "/kbs/articles", {}),
]
# What goes wrong -> in French and in English.
SENTENCES = {
    "/robots.txt": ("Cette page n’existe pas.", "There is no such page."),
    "/article/f/1": ("Cet article n’est pas dans la base.", "This article is not stored."),
    "/article/f/99001?version=abc": ("Pas de version abc", "No version abc"),
    "/search?since=never": ("never n’est pas un jour", "never is not a day"),
    "/search?category=nulle": ("Aucun article n’a la catégorie nulle", "No article has the category nulle"),
    "/search?kind=feature": ("Aucun article.<", "No article.<"),
    "/search?q=introuvable": ("Aucun article ne contient tous ces mots.", "No article contains all of these words."),
    "/day/0001-01-01": ('commence le <a href="/day/2026-11-19">', 'begins on <a href="/day/2026-11-19">'),
    "/-/dashboards/fr?since=abc": ("abc n’est pas un jour", "abc is not a day"),
    "/-/dashboards/fr?by=xx": ("xx n’est pas une période", "xx is not a period"),
    '/-/dashboards/fr?q="&lang=zz': ("Aucun article.<", "No article.<"),
}
RUNAWAY = "with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) from c"
# Five thousand rows of four kilobytes each.
LONG = "with recursive c(x) as (select 1 union all select x + 1 from c limit 5000) select x, hex(zeroblob(2000)) from c"
# One call of one function, which takes minutes and cannot be interrupted.
_A = "replace(hex(zeroblob({})), '00', 'a')"
ENDLESS_STEP = f"select instr({_A.format(2_400_000)}, {_A.format(1_200_000)} || 'b')"
ENDLESS_FORMAT = "select printf('%.*c', 1e9, 'x')"
BIG = "hex(zeroblob(2400000))"
OVERFLOW = "select abs(-9223372036854775808)"
WRITES = (
    "drop table articles",
    "insert into articles select * from articles",
    "vacuum into '{folder}/copy.db'",
    "attach database '{folder}/other.db' as other",
    "select load_extension('{folder}/evil')",
    "select 1; drop table articles",
    "select hex(zeroblob(9000000))",
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The room on a database of one article, to which tests add; nothing they ask is reported on its terminal."""
    path = tmp_path_factory.mktemp("small") / "kbs.db"
    add(path, [SUMMIT])
    with opened(path) as room:
        room.ask("/")  # SQLite makes an empty log for the first reader
        yield room
        room.end()


def state(folder: Path) -> dict[str, bytes]:
    """The bytes of the files of a folder, without the memory that readers share."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith("-shm")}


def memory(pid: int) -> int:
    """The most that a process has used, in bytes."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


@contextmanager
def asking(room: Room, path: str) -> Iterator[socket.socket]:
    """A request whose answer is not awaited."""
    address = urlsplit(room.address)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        yield connection


@pytest.mark.parametrize(("status", "path"), [(status, path) for status in ANSWERS for path in ANSWERS[status].split()])
def test_every_answer_limits_what_a_page_may_do(small: Room, status: int, path: str) -> None:
    answer = small.ask(path)
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    for part in ("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'"):
        assert part in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert set(answer.headers.get_list("referrer-policy")) == {"no-referrer"}
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("status", "method", "path", "headers"), REQUESTS)
def test_only_this_machine_may_read(small: Room, status: int, method: str, path: str, headers: dict[str, str]) -> None:
    answer = small.ask(path, method, **headers)
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert status == 200 or answer.text.count("\n") == 1


def test_picking_a_language_leads_back_to_this_site(small: Room) -> None:
    def leads_to(back: str) -> str:
        return small.ask(f"/-/language/en?back={quote(back, safe='')}").headers["location"]

    assert leads_to("/search?q=cor%C3%A9e") == "/search?q=cor%C3%A9e"
    assert leads_to("/-/dashboards/fr?word=a") == "/-/dashboards/en?word=a"
    for back in ("//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/\r\nx: y"):
        assert leads_to(back) == "/"


def test_a_list_of_one_day_does_not_repeat_it(small: Room) -> None:
    assert ">19 novembre 2026, 17:51 KST</time>" in small.ask("/search?since=2026-11-19").text
    assert ">17:51</time>" in small.ask("/search?since=2026-11-19&until=2026-11-19").text


@pytest.mark.parametrize("path", SENTENCES)
def test_what_cannot_be_shown_is_said_in_ones_language(small: Room, path: str) -> None:
    for language, sentence in zip(("fr", "en"), SENTENCES[path], strict=True):
        page = small.ask(path, **{"Accept-Language": language}).text
        assert sentence in page
        assert "data-chart" not in page


@pytest.mark.parametrize("path", ["/search?q=", "/-/dashboards/fr?word="])
def test_a_faulty_search_is_explained_in_ones_language(small: Room, path: str) -> None:
    for language, sentence in {"fr": "Un guillemet n’est pas fermé", "en": "A quote is not closed"}.items():
        header = {"Accept-Language": language}
        assert sentence in small.ask(f"{path}%22conseil", **header).text
        assert sentence not in small.ask(f"{path}%22conseil%22", **header).text


@pytest.mark.parametrize("query", ["(nord OR sud) title:sommet", "somm* NOT nord", '"'])
def test_the_list_finds_what_the_search_finds(room: Room, query: str) -> None:
    page = room.ask(f"/search?q={quote(query)}").text
    listed = room.ask(f"/kbs/catalogue.json?latest=1&_size=50&_shape=array&_search={quote(query)}").json()
    assert page.count('<ol class="cards">') == bool(listed)
    assert page.count("<h3 ") == len(listed)


@pytest.mark.parametrize("sql", WRITES)
def test_writing_and_reaching_out_are_refused(small: Room, sql: str) -> None:
    folder = small.database.parent
    before = state(folder)
    answer = small.ask(f"/kbs.json?sql={quote(sql.format(folder=folder))}")
    assert (answer.status_code, answer.json()["ok"]) == (400, False)
    assert state(folder) == before


@pytest.mark.parametrize("sql", [RUNAWAY, ENDLESS_STEP, ENDLESS_FORMAT])
def test_runaway_queries_end_and_delay_nobody(small: Room, sql: str) -> None:
    with ExitStack() as stack:
        # Each error leaves a cursor as garbage, which may be collected while a query runs on its connection.
        errors = [stack.enter_context(asking(small, f"/kbs.json?sql={quote(OVERFLOW)}")) for _ in range(15)]
        assert all(b" 400 " in error.recv(100) for error in errors)
        began = time.monotonic()
        queries = [stack.enter_context(asking(small, f"/kbs.json?sql={quote(sql)}")) for _ in range(3)]
        while not select.select(queries, [], [], 0)[0]:
            asked = time.monotonic()
            assert small.ask("/search?q=sommet").status_code == small.ask("/").status_code == 200
            assert time.monotonic() - asked < 3
        assert all(b" 400 " in query.recv(100) for query in queries)
    assert 4 < time.monotonic() - began < 10


@pytest.mark.parametrize(("row", "status"), [(f"{BIG} || x", 200), (f"{BIG}, {BIG} || x, {BIG} || 'x'" * 10, 400)])
def test_rows_are_bounded_in_bytes(small: Room, row: str, status: int) -> None:
    many = f"with recursive c(x) as (select 1 union all select x + 1 from c limit 5000) select {row} from c"  # noqa: S608
    answer = small.ask(f"/kbs.json?sql={quote(many)}")
    assert answer.status_code == status
    assert len(answer.content) < 12_000_000
    assert status == 400 or answer.json()["truncated"] is True
    assert memory(small.process.pid) < 250_000_000


def test_a_page_of_a_table_is_never_cut(small: Room) -> None:
    with ArticleStore(small.database) as store:
        store.db.execute("create table long as " + LONG.replace("2000", "200000").replace("5000", "50"))
    assert small.ask("/kbs/long.json?_size=10").json()["next"]
    assert "these rows are too long in all" in small.ask("/kbs/long.json?_size=50").json()["error"]
    many = quote(RUNAWAY.replace("max(x)", "x") + " limit 6000")
    assert small.ask(f"/kbs.json?sql={many}").json()["truncated"] is True


def test_what_another_process_stores_is_on_the_next_page(small: Room) -> None:
    assert "Japon" not in small.ask("/").text
    add(small.database, [THIRD])
    assert "<mark>Japon</mark>" in small.ask("/search?q=japon").text


def test_an_article_first_seen_after_an_update_was_not_written_then(small: Room) -> None:
    url = f"{SUMMIT.url}2"
    add(small.database, [replace(SECOND, url=url), replace(SUMMIT, url=f"{url}3", paragraphs=())])
    page = small.ask("/article/f/990012").text
    assert ("Mis à jour le <span" in page, "Publié le" in page) == (True, False)
    assert "(sans texte)" in small.ask("/article/f/9900123").text


@pytest.mark.parametrize(("number", "sql"), [(signal.SIGINT, RUNAWAY), (signal.SIGHUP, ENDLESS_STEP)])
def test_signals_close_it_at_once_whatever_runs(small: Room, number: signal.Signals, sql: str) -> None:
    with opened(small.database) as room:
        room.ask("/")
        with asking(room, f"/kbs.json?sql={quote(sql)}"):
            assert room.ask("/").status_code == 200
            began = time.monotonic()
            while room.process.poll() is None:  # as an impatient person does
                room.process.send_signal(number)
                time.sleep(0.01)
            assert time.monotonic() - began < 4
        room.end(number)


def test_a_visitor_who_leaves_an_answer_leaves_no_message(small: Room) -> None:
    with opened(small.database) as room:
        for _ in range(3):
            with asking(room, f"/kbs.csv?_size=max&sql={quote(LONG)}") as connection:
                assert b" 200 " in connection.recv(10_000)
        assert room.ask("/").status_code == 200
        room.end()


def test_it_says_in_a_sentence_why_it_cannot_open(small: Room, tmp_path: Path) -> None:
    none, here = tmp_path / "none.db", small.database
    missing = "import sys; sys.modules['datasette_dashboards'] = None"
    used = urlsplit(small.address).netloc.partition(":")[2]
    for status, database, port, first, part in (
        (1, here, used, "", used),
        (1, none, "0", "", str(none)),
        (1, here, "0", missing, "pip install 'kbsworld[browse]'"),
    ):
        run = prepared().run("browse", "--port", port, first=first, KBS_DB=str(database))
        assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (status, "", 1), run.stderr
        assert part in run.stderr


def test_ones_own_datasette_has_the_searches_and_charts(room: Room, tmp_path: Path) -> None:
    run = prepared().run("browse", "--metadata", KBS_DB=str(room.database))
    metadata, plugins = tmp_path / "kbs.json", run.stderr.partition("--plugins-dir ")[2].strip()
    metadata.write_text(run.stdout)
    database = room.database.stem

    def get(path: str) -> str:
        options = ["--metadata", str(metadata), "--plugins-dir", plugins, "--get", f"/{database}{path}"]
        call = [sys.executable, "-m", "datasette", str(room.database), *options]
        return subprocess.run(call, capture_output=True, encoding="utf-8", check=True, timeout=60).stdout

    search = f"/catalogue.json?_shape=array&_search={quote('(nord OR sud) titre:sommet')}"
    found = json.loads(get(search))
    assert found
    assert {row["title"] for row in found} == {row["title"] for row in room.ask(f"/kbs{search}").json()}
    chart = json.loads(run.stdout)["plugins"]["datasette-dashboards"]["en"]["charts"]["word"]
    assert chart["db"] == database
    sql = quote(chart["query"].replace("[[", "/*").replace("]]", "*/"))  # parts without their parameter
    rows = json.loads(get(f".json?_shape=array&word=sommet&by=month&sql={sql}"))
    assert sum(row["articles"] for row in rows)


def test_a_folder_that_cannot_be_written_is_left_as_it_is(tmp_path: Path) -> None:
    folder, name = tmp_path / "locked", "odd #1 ?&%41 é.db"
    folder.mkdir()
    add(folder / name, [SUMMIT])
    before = state(folder)
    folder.chmod(0o500)
    try:
        # Root may write everywhere.
        with opened(folder / name, first="import os; os.access = lambda *_, **__: False") as room:
            assert str(SUMMIT.title) in room.ask("/").text
        assert state(folder) == before
    finally:
        folder.chmod(0o700)


def test_a_feed_reader_gets_the_newest_articles_of_a_category_or_with_words(room: Room) -> None:
    latest = {article.url: article for article in sorted(VERSIONS, key=lambda article: article.timestamp or "")}
    newest = sorted(latest.values(), key=lambda article: (article.timestamp or "", article.url), reverse=True)
    for query, wanted in (
        ("", newest),
        ("?category=politique", [one for one in newest if one.category == "Politique"]),
        ("?q=titre:sommet", [one for one in newest if "sommet" in (one.title or "").lower()]),
    ):
        answer = room.ask(f"/feed.atom{query}")
        assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
        read = feedparser.parse(answer.content)
        assert not read.bozo
        assert [entry.id for entry in read.entries] == [article.url for article in wanted[:50]]
        assert read.feed.links[1] == {
            "rel": "self",
            "href": f"{room.address}feed.atom{query}",
            "type": "application/atom+xml",
        }
    for query in ('?q="', "?category=nulle+part"):
        assert (room.ask(f"/feed.atom{query}").status_code, len(room.ask(f"/feed.atom{query}").text.splitlines())) == (
            400,
            1,
        )
    assert f'href="{urlsplit(room.address).path}feed.atom"' in room.ask("/").text
