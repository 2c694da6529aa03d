"""The reading room: Datasette over the database, read-only, on this machine alone, with pages made for reading."""
