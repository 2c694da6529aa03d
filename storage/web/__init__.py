"""The reading room: Datasette over the database, read-only, on this machine only, with pages made for reading."""
