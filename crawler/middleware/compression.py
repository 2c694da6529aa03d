"""Decodes bodies as archives are read, so that what a crawl stores can be extracted again."""

from scrapy.downloadermiddlewares import httpcompression
from scrapy.exceptions import IgnoreRequest

from storage.archive.http import decode_body


class HttpCompressionMiddleware(httpcompression.HttpCompressionMiddleware):
    """Scrapy's, but with the project's decoder: unknown codings are ignored, of cut data what is there is taken."""

    def _handle_encoding(self, body: bytes, content_encoding: list[bytes], max_size: int) -> tuple[bytes, list[bytes]]:
        """The decoded body; raises IgnoreRequest if it is too large, OSError if it is damaged."""
        try:
            # 0, of a robots.txt, is no bound on what arrives: that is cut elsewhere.
            body, refused = decode_body(body, max_size or self._max_size, b",".join(content_encoding).decode("latin-1"))
        except ValueError as error:
            raise OSError(f"its {error}") from None
        if refused:
            raise IgnoreRequest(f"its body is {refused} (DOWNLOAD_MAXSIZE)")
        return body, []
