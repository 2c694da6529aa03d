"""No request leaves the site."""

from scrapy import Request, Spider
from scrapy.downloadermiddlewares import offsite

from crawler.spiders.base import KbsSpider


class OffsiteMiddleware(offsite.OffsiteMiddleware):
    """Scrapy's, but strict: the site's own hosts and ports only, and everything dropped is reported."""

    def request_scheduled(self, request: Request, spider: Spider) -> None:
        """Do nothing: what is dropped here never reaches the request's errback; `process_request` reports it."""

    def should_follow(self, request: Request, spider: Spider) -> bool:
        """Whether the request stays on the site; subdomains and other ports do not."""
        return spider.site.serves(request.url) if isinstance(spider, KbsSpider) else True
