"""kbs_videos: news with a video, from the video list."""

from crawler.spiders.lists import ListSpider


class KbsVideosSpider(ListSpider):
    """The list of video news."""

    name = "kbs_videos"
    list_name = "video list"
