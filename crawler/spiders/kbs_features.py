"""kbs_features: features, from the list of each menu."""

from crawler.spiders.lists import ListSpider
from extractors.address import MENUS


class KbsFeaturesSpider(ListSpider):
    name = "kbs_features"
    list_name = "feature list"
    word_arguments = {"menu": ",".join(MENUS)}
