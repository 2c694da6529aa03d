"""What `prepared` imports once: the libraries of a `kbsworld`, Scrapy's own components included, and what uses them
without reading a setting."""

import gc
from importlib import import_module

from scrapy import cmdline  # noqa: F401
from scrapy.settings import default_settings
from scrapy.utils.misc import load_object, walk_modules_iter

for name in (
    "click fastwarc.warc lxml.cssselect lxml.html pyarrow.parquet scrapy.robotstxt scrapy.statscollectors sqlite_utils "
    "trafilatura twisted.internet.asyncioreactor warcio.archiveiterator warcio.warcwriter "
    "extractors storage storage.children tests.crawler.prepared"
).split():
    import_module(name)
list(walk_modules_iter("scrapy.commands"))
for setting in "DOWNLOADER_MIDDLEWARES_BASE EXTENSIONS_BASE SPIDER_MIDDLEWARES_BASE".split():
    for component in getattr(default_settings, setting):
        load_object(component)
for component in default_settings.DOWNLOAD_HANDLERS_BASE.values():
    load_object(component)
gc.freeze()  # no fork has to look through all of it for garbage when it ends
