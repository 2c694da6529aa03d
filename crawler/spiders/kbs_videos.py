"""kbs_videos: news with a video, from the video list."""

from collections.abc import Iterator

from crawler.spiders.lists import ListSpider
from extractors.address import site_url


class KbsVideosSpider(ListSpider):
    """The list of video news."""

    name = "kbs_videos"
    list_name = "video list"

    def lists(self, edition: str) -> Iterator[str]:
        yield site_url("video list", edition)
