"""Articles as files of other formats, streamed; a module for each format (DATA.md, "Exports")."""

from storage.exports.base import Exported, ExportError, sound
from storage.exports.targets import whole_file, whole_folder

__all__ = ["ExportError", "Exported", "sound", "whole_file", "whole_folder"]
