"""What `crawl -o` writes, where Scrapy's own exporter falls short."""

from collections.abc import Mapping
from typing import Any

from scrapy.exporters import CsvItemExporter

from storage.exports.csv_table import not_a_formula


class SafeCsvExporter(CsvItemExporter):
    """Scrapy's, but no cell is a formula for a spreadsheet, as in exports."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        return not_a_formula(super().serialize_field(field, name, value))
