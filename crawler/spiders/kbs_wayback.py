"""kbs_wayback: the articles that the Wayback Machine, or another web archive, has captured."""

from collections.abc import Iterator

from scrapy import Request

from crawler.spiders.archives import ArchiveSpider, Reading

# https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server
_QUERY = {
    "output": "json",
    "fl": "original,timestamp,statuscode,mimetype,digest",
    "filter": "statuscode:200",
    "collapse": "digest",
    "limit": "5000",
    "showResumeKey": "true",
}


class KbsWaybackSpider(ArchiveSpider):
    name = "kbs_wayback"
    addresses = ("KBS_WAYBACK",)
    delay = "KBS_WAYBACK_DELAY"

    def first_indexes(self) -> Iterator[Request]:
        yield from self.read(Reading(f"{self.site.base}/cdx/search/cdx"), _QUERY)
