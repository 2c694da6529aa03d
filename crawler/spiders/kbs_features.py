"""kbs_features: features, from the list of each menu."""

from collections.abc import Iterator

from crawler.spiders.lists import ListSpider
from extractors.address import MENUS, site_url


class KbsFeaturesSpider(ListSpider):
    """The feature lists of the menus."""

    name = "kbs_features"
    list_name = "feature list"
    word_arguments = {"menu": ",".join(MENUS)}

    def lists(self, edition: str) -> Iterator[str]:
        for menu in self.words["menu"]:
            yield site_url("feature list", edition, menu=menu)
