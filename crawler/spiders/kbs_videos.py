"""kbs_videos: news with a video, from the video list."""

from crawler.spiders.lists import ListSpider


class KbsVideosSpider(ListSpider):
    name = "kbs_videos"
    list_name = "video list"
