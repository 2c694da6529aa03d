"""kbs_programmes: pages of programmes, from their playlists."""

from collections.abc import Iterator

from crawler.spiders.lists import ListSpider
from extractors.address import PROGRAMMES, site_url


class KbsProgrammesSpider(ListSpider):
    """The playlists of programmes."""

    name = "kbs_programmes"
    list_name = "playlist"
    word_arguments = {"programme": ",".join(PROGRAMMES)}
    expected_fields = ("title", "paragraphs")  # not every page of a programme has a date

    def lists(self, edition: str) -> Iterator[str]:
        for programme in self.words["programme"]:
            yield site_url("playlist", edition, programme=programme)
