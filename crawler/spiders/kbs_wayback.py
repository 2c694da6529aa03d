"""kbs_wayback: the articles that the Wayback Machine, or another web archive, has captured."""

from collections.abc import AsyncIterator

from crawler.spiders.archives import ArchiveSpider

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

    async def indexes(self) -> AsyncIterator[tuple[str, dict[str, str]]]:
        yield f"{self.site.base}/cdx/search/cdx", _QUERY
