"""The archive: captures as WARC files, written, read and checked."""
