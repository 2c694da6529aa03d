"""The site, and a mirror or replica that stands in for it."""

import pytest

from crawler.site import Site


def test_addresses_go_to_the_base_and_come_back() -> None:
    site = Site("http://127.0.0.1:8000/")
    url = "https://world.kbs.co.kr/service/news_view.htm?lang=f&Seq_Code=1"
    assert site.fetchable(url) == "http://127.0.0.1:8000/service/news_view.htm?lang=f&Seq_Code=1"
    assert site.official(site.fetchable(url)) == url
    assert Site("https://world.kbs.co.kr").fetchable(url) == url


def test_the_base_is_written_as_scrapy_writes_it() -> None:
    assert Site(" HTTP://LocalHost:80/Mirror/ ").base == "http://localhost/Mirror"


def test_only_the_two_hosts_of_the_site_are_the_site() -> None:
    site = Site("https://world.kbs.co.kr")
    for url in ("http://rki.kbs.co.kr/x", "https://world.kbs.co.kr:443/", "https://world.kbs.co.kr/service/"):
        assert site.serves(url)
    hosts = ("a.world.kbs.co.kr/", "world.kbs.co.kr:8443/", "world.kbs.co.kr@example.org/")
    for url in (*(f"https://{host}" for host in hosts), "ftp://world.kbs.co.kr/", "file:///etc/passwd", "//["):
        assert not site.serves(url)


def test_a_replica_is_its_own_host_and_port_alone() -> None:
    site = Site("http://127.0.0.1:8000")
    assert site.serves("http://127.0.0.1:8000/x")
    assert not site.serves("http://127.0.0.1:8001/x")
    assert not site.serves("http://localhost:8000/x")
    assert not site.serves("https://world.kbs.co.kr/")


@pytest.mark.parametrize("base", ["world.kbs.co.kr", "ftp://x", "http://", "http://x:port", "http://a@b", "http://x?y"])
def test_a_wrong_base_address_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="not a web address; give one such as"):
        Site(base)
