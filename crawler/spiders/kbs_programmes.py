"""kbs_programmes: pages of programmes, from their playlists."""

from crawler.spiders.lists import ListSpider
from extractors.address import PROGRAMMES


class KbsProgrammesSpider(ListSpider):
    name = "kbs_programmes"
    list_name = "playlist"
    word_arguments = {"programme": ",".join(PROGRAMMES)}
    expected_fields = ("title", "paragraphs")  # not every page of a programme has a date
