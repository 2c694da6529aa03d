"""Decodes bodies as archives are read, so that what a crawl stores can be extracted again."""

from scrapy import Request
from scrapy.downloadermiddlewares import httpcompression
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.responsetypes import responsetypes

from storage.archive.http import decode_body


class HttpCompressionMiddleware(httpcompression.HttpCompressionMiddleware):
    """Scrapy's, but with the project's decoder: unknown codings are ignored, of cut data what is there is taken."""

    def process_response(self, request: Request, response: Response) -> Response:  # type: ignore[override]
        """The response with its body decoded; raises IgnoreRequest if that is too large, OSError if it is damaged."""
        codings = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1")
        if request.method == "HEAD" or not codings:
            return response
        try:
            body, refused = decode_body(response.body, self._max_size, codings)
        except ValueError as error:
            raise OSError(f"its {error}") from None
        if refused:
            raise IgnoreRequest(f"its body is {refused}")
        del response.headers["Content-Encoding"]
        kind = responsetypes.from_args(headers=response.headers, url=response.url, body=body)
        return response.replace(cls=kind, body=body)
