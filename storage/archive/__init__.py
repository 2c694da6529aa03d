"""The archive: captures as WARC files, written, read and checked."""

from storage.archive.capture import FILE_NAME, Capture, Location, Payload, payload_digest, warc_files
from storage.archive.writer import MAX_FILE_BYTES, ArchiveWriter

__all__ = [
    "FILE_NAME",
    "MAX_FILE_BYTES",
    "ArchiveWriter",
    "Capture",
    "Location",
    "Payload",
    "payload_digest",
    "warc_files",
]
