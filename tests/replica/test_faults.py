"""Every fault of the replica, as a client sees it on the wire."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.replica import Faults, Replica
from tests.replica.faults import ERROR_PAGE, KINDS, STATUSES, applicable

LIST = "/service/news_list.htm?lang=f&page=2"
FEED = "/rss/rss_news.htm?lang=f"
LISTS = [
    LIST,
    "/service/contents_list.htm?lang=f&menu_cate=culture",
    "/service/news_vod_list.htm?lang=f&menu_cate=videonews",
    "/service/program_playlist_list.htm?page=1&lang=f&procode=parkofd&bbs=parkofd_playlist",
    "/service/search.htm?page=1&lang=f&search_date=5&keyword=e&kubun=n",
]


@pytest.fixture
def site() -> Iterator[Replica]:
    with Replica(articles=25) as replica:
        yield replica


def view(site: Replica) -> str:
    return f"/service/news_view.htm?lang=f&Seq_Code={site.world.entries[0].seq}"


def connect(site: Replica) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(site.base_url).netloc, timeout=5)


def ask(site: Replica, target: str, encoding: str = "identity") -> tuple[http.client.HTTPResponse, bytes]:
    connection = connect(site)
    connection.request("GET", target, headers={"Accept-Encoding": encoding})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def send(site: Replica, target: str) -> socket.socket:
    """A raw connection that has asked for `target`."""
    parts = urlsplit(site.base_url)
    connection = socket.create_connection((str(parts.hostname), parts.port or 80), timeout=5)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: identity\r\n\r\n".encode())
    return connection


def test_no_fault_is_met_where_none_is_asked_for(site: Replica) -> None:
    for target in (LIST, FEED, view(site), "/robots.txt"):
        assert ask(site, target)[0].status == 200
    assert site.faults.met == []


@pytest.mark.parametrize("kind", STATUSES)
@pytest.mark.parametrize("retry_after", [0, 7, None])
def test_a_status_is_one_and_some_ask_to_come_again_later(site: Replica, kind: str, retry_after: int | None) -> None:
    site.faults.retry_after = retry_after
    site.faults.plan[LIST] = [kind]
    answer, _ = ask(site, LIST)
    assert answer.status == int(kind)
    asks = retry_after is not None and kind in {"503", "429"}
    assert answer.getheader("Retry-After") == (str(retry_after) if asks else None)
    assert site.faults.met == [(LIST, kind)]
    assert ask(site, LIST)[0].status == 200


def test_a_plan_is_used_up_request_by_request_and_ok_is_no_fault(site: Replica) -> None:
    site.faults.plan[LIST] = ["500", "ok", "404"]
    assert [ask(site, LIST)[0].status for _ in range(4)] == [500, 200, 404, 200]
    assert site.faults.met == [(LIST, "500"), (LIST, "404")]
    site.faults.share = 1.0
    site.faults.plan[LIST] = ["ok"]
    assert ask(site, LIST)[0].status == 200


def test_a_timeout_never_answers_and_ends_with_the_client(site: Replica) -> None:
    site.faults.plan[LIST] = ["timeout"]
    connection = send(site, LIST)
    connection.settimeout(0.5)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    connection.close()
    assert ask(site, LIST)[0].status == 200


def test_a_reset_comes_after_half_of_the_body(site: Replica) -> None:
    site.faults.plan[view(site)] = ["reset"]
    whole = len(ask(site, LIST)[1])
    with send(site, view(site)) as connection:
        received = b""
        # Linux tells of the reset here, or ends the stream where it told of it with the last bytes.
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(whole):
                received += chunk
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert 0.4 * whole < len(received) < 0.6 * whole


def test_a_truncated_gzip_is_as_long_as_it_says_and_half(site: Replica) -> None:
    whole = ask(site, view(site))[1]
    site.faults.plan[view(site)] = ["truncated-gzip"]
    answer, body = ask(site, view(site))
    assert answer.getheader("Content-Encoding") == "gzip"
    assert answer.getheader("Content-Length") == str(len(body))
    with pytest.raises(EOFError):
        gzip.decompress(body)
    part = zlib.decompressobj(wbits=31).decompress(body)
    assert whole.startswith(part)
    assert 0 < len(part) < len(whole)


def test_a_wrong_length_ends_the_page_early_and_the_connection_with_it(site: Replica) -> None:
    whole = ask(site, view(site))[1]
    site.faults.plan[view(site)] = ["wrong-length"]
    with send(site, view(site)) as connection:
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Content-Encoding" not in head
    assert body == whole[: len(whole) * 2 // 3]


@pytest.mark.parametrize("target", [LIST, "/robots.txt"])
def test_a_redirect_loop_has_no_end_and_leaves_the_page_free(site: Replica, target: str) -> None:
    site.faults.plan[target] = ["redirect-loop"]
    at, seen = target, []
    for _ in range(12):
        answer, _ = ask(site, at)
        assert answer.status == 302
        at = str(answer.getheader("Location"))
        seen.append(at)
    assert seen[0] != target
    assert len(set(seen)) == 2
    assert ask(site, target)[0].status == 200
    assert site.faults.met == [(target, "redirect-loop")]


@pytest.mark.parametrize("target", [LIST, FEED, "/robots.txt"])
def test_an_error_page_is_no_page_of_the_site(site: Replica, target: str) -> None:
    site.faults.plan[target] = ["error-page"]
    answer, body = ask(site, target)
    assert (answer.status, body) == (200, ERROR_PAGE)


def test_a_drip_sends_a_byte_now_and_then(site: Replica) -> None:
    site.faults.plan[LIST] = ["drip"]
    with send(site, LIST) as connection:
        head = connection.recv(4096)
        begin = time.monotonic()
        received = b"".join(connection.recv(4096) for _ in range(4))
        took = time.monotonic() - begin
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert received == b"<!DO"
    assert 0.5 < took < 2


@pytest.mark.parametrize("target", LISTS)
@pytest.mark.parametrize("kind", ["soft-404", "no-cards", "endless"])
def test_lists_can_lose_their_cards_or_never_end(site: Replica, target: str, kind: str) -> None:
    site.faults.plan[target] = [kind]
    answer, body = ask(site, target, "gzip")
    page = gzip.decompress(body).decode()
    contents = page[page.index('<div class="contents">') : page.index("<aside>")]
    assert answer.status == 200
    shown = contents.count("Seq_Code=") + contents.count("board_seq=") + contents.count("&no=")
    assert (shown > 0) == (kind == "endless")
    assert ("?page=6&" in contents) == (kind != "soft-404")


def test_an_endless_list_repeats_its_first_page_far_out(site: Replica) -> None:
    far = LIST.replace("page=2", "page=90")
    site.faults.plan[far] = ["endless"]
    body = ask(site, far)[1].decode()
    assert all(f"Seq_Code={entry.seq}&page=90" in body for entry in site.world.entries[:10])
    assert "?page=95&" in body


def test_an_article_can_be_a_soft_404(site: Replica) -> None:
    site.faults.plan[view(site)] = ["soft-404"]
    answer, body = ask(site, view(site))
    assert answer.status == 200
    assert b'<h1></h1><p class="date"></p>' in body


def test_a_page_meets_only_what_it_can() -> None:
    others = set(KINDS) - {"soft-404", "no-cards", "endless"}
    assert set(applicable(KINDS, LIST)) == set(KINDS)
    assert set(applicable(KINDS, "/service/news_today.htm?lang=f")) == set(KINDS) - {"endless"}
    assert set(applicable(KINDS, "/service/contents_view.htm?lang=f&board_seq=1")) == others | {"soft-404"}
    for target in (FEED, "/robots.txt", "/service/other.htm"):
        assert set(applicable(KINDS, target)) == others
    faults = Faults(["endless"], share=1.0)
    assert faults.draw(FEED) == ""
    assert faults.draw(LIST) == "endless"
    faults.plan[FEED] = ["no-cards"]
    with pytest.raises(ValueError, match="'no-cards' is no fault of /rss"):
        faults.draw(FEED)


def test_a_share_of_requests_meets_faults_of_every_kind_the_same_ones_each_time() -> None:
    targets = [f"/service/news_list.htm?lang=f&page={n}" for n in range(500)] * 2
    faults, same, others = Faults(share=0.3), Faults(share=0.3), Faults(share=0.3, seed=2)
    drawn = [faults.draw(target) for target in targets]
    assert drawn == [same.draw(target) for target in targets]
    assert drawn != [others.draw(target) for target in targets]
    assert drawn[:500] != drawn[500:]
    assert 240 < len(faults.met) < 360
    assert set(Counter(kind for _, kind in faults.met)) == set(KINDS)


def test_wrong_kinds_and_shares_are_told() -> None:
    with pytest.raises(ValueError, match="418: no such fault; there are 500, 502"):
        Faults(["500", "418"])
    with pytest.raises(ValueError, match="is no share"):
        Faults(share=1.5)


def test_the_server_stops_at_once_although_clients_wait() -> None:
    with Replica(articles=3) as site:
        site.faults.plan[LIST] = ["timeout", "drip"]
        waiting = [send(site, LIST), send(site, LIST)]
        while len(site.faults.met) < 2:
            time.sleep(0.01)
        begin = time.monotonic()
    assert time.monotonic() - begin < 1
    for connection in waiting:
        while connection.recv(4096):
            pass
        connection.close()
    assert time.monotonic() - begin < 2


def program(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.replica", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--faults", "500,418"], "418: no such fault; there are 500, 502, 503"),
        (["--faults", "all", "--share", "2"], "2.0 is no share; give one from 0 to 1"),
        (["--share", "0.5"], "--share is the share of --faults; name some"),
        (["--days", "0"], "0 is no number of days"),
        (["--days", "1", "--articles", "90000"], "90000 articles do not fit into 1 days"),
    ],
)
def test_the_program_tells_what_is_wrong_with_a_call(options: list[str], told: str) -> None:
    run = program(*options)
    assert run.returncode == 2
    assert told in run.stderr.splitlines()[-1]


@pytest.mark.parametrize("kinds", ["all", "500,404"])
def test_the_program_serves_days_and_faults(kinds: str) -> None:
    command = [sys.executable, "-m", "tests.replica", "--articles", "20", "--days", "10", "--faults", kinds]
    with subprocess.Popen([*command, "--share", "1"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip())
        with closing(http.client.HTTPConnection(address.netloc, timeout=0.5)) as connection:
            connection.request("GET", "/service/news_list.htm?lang=f")
            try:
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                status = 0
        process.terminate()
        assert process.wait(10) == 0
    assert kinds == "all" or status in {500, 404}
