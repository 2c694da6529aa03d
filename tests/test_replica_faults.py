"""Each fault of the replica, as a client sees it on the wire."""

import contextlib
import gzip
import http.client
import socket
import zlib
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.replica import Faults, Replica
from tests.replica.faults import KINDS, SITE_PAGES, applicable
from tests.test_replica_pages import LISTS

LIST = "/service/news_list.htm?lang=f&page=2"
FEED = "/rss/rss_news.htm?lang=f"


@pytest.fixture
def site() -> Iterator[Replica]:
    with Replica(articles=25) as replica:
        yield replica


def ask(base_url: str, target: str) -> tuple[http.client.HTTPResponse, bytes]:
    with contextlib.closing(http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=30)) as connection:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer, answer.read()


def send(site: Replica, target: str) -> socket.socket:
    """A connection that has asked for `target`."""
    connection = socket.create_connection(("127.0.0.1", urlsplit(site.base_url).port), timeout=30)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


def read_all(connection: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_a_plan_is_followed_request_by_request(site: Replica) -> None:
    site.faults.retry_after = 7
    site.faults.plan[LIST] = ["500", "ok", "503", "error-page"]
    answers = [ask(site.base_url, LIST)[0] for _ in range(5)]
    assert [answer.status for answer in answers] == [500, 200, 503, 200, 200]
    assert [answer.getheader("Retry-After") for answer in answers] == [None, None, "7", None, None]
    assert site.faults.met == [(LIST, "500"), (LIST, "503"), (LIST, "error-page")]


@pytest.mark.parametrize(("kind", "share"), [("reset", 1 / 2), ("wrong-length", 2 / 3)])
def test_a_connection_ends_within_the_page(site: Replica, kind: str, share: float) -> None:
    whole = ask(site.base_url, LIST)[1]
    site.faults.plan[LIST] = [kind]
    with send(site, LIST) as connection:
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    announced = len(whole) if kind == "reset" else len(body)
    assert f"Content-Length: {announced}\r\n".encode() in head + b"\r\n"
    assert body == whole[: int(len(whole) * share)]


def test_a_truncated_gzip_is_half_of_the_page(site: Replica) -> None:
    whole = ask(site.base_url, LIST)[1]
    site.faults.plan[LIST] = ["truncated-gzip"]
    answer, body = ask(site.base_url, LIST)
    assert answer.getheader("Content-Encoding") == "gzip"
    with pytest.raises(EOFError):
        gzip.decompress(body)
    part = zlib.decompressobj(wbits=31).decompress(body)
    assert whole.startswith(part)
    assert 0 < len(part) < len(whole)


def test_a_redirect_loop_has_no_end(site: Replica) -> None:
    for target in (LIST, "/robots.txt"):
        site.faults.plan[target] = ["redirect-loop"]
        at, seen = target, set()
        for _ in range(6):
            answer, _ = ask(site.base_url, at)
            assert answer.status == 302
            at = str(answer.getheader("Location"))
            seen.add(at)
        assert len(seen - {target}) == 2
        assert ask(site.base_url, target)[0].status == 200


def test_a_drip_sends_byte_after_byte(site: Replica) -> None:
    site.faults.plan[LIST] = ["drip"]
    with send(site, LIST) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")
        assert [connection.recv(4096) for _ in range(4)] == [b"<", b"!", b"D", b"O"]


@pytest.mark.parametrize("target", LISTS)
@pytest.mark.parametrize("kind", SITE_PAGES)
def test_lists_without_entries_and_without_end(replica: Replica, target: str, kind: str) -> None:
    page = replica.respond(f"/service/{target}", kind)[2].decode()
    contents = page[page.index('<div class="contents">') : page.index("<aside>")]
    shown = contents.count("Seq_Code=") + contents.count("board_seq=") + contents.count("&no=")
    assert (shown > 0) == (kind == "endless")
    assert ("?page=6&" in contents) == (kind != "soft-404")


def test_a_page_meets_only_faults_that_it_can_have() -> None:
    others = set(KINDS) - set(SITE_PAGES)
    assert set(applicable(KINDS, LIST)) == set(KINDS)
    assert set(applicable(KINDS, "/service/news_today.htm?lang=f")) == set(KINDS) - {"endless"}
    assert set(applicable(KINDS, "/service/contents_view.htm?lang=f&board_seq=1")) == others | {"soft-404"}
    assert set(applicable(KINDS, FEED)) == others
    faults = Faults(["endless"], share=1.0)
    assert (faults.draw(FEED), faults.draw(LIST)) == ("", "endless")


def test_a_share_of_requests_meets_every_kind() -> None:
    targets = [f"/service/news_list.htm?lang=f&page={n}" for n in range(500)] * 2
    faults, same, other = Faults(share=0.3), Faults(share=0.3), Faults(share=0.3, seed=2)
    drawn = [faults.draw(target) for target in targets]
    assert drawn == [same.draw(target) for target in targets]
    assert drawn != [other.draw(target) for target in targets]
    assert 240 < len(faults.met) < 360
    assert set(Counter(kind for _, kind in faults.met)) == set(KINDS)
