"""Other programs read the archive: pywb plays it back, py-wacz packs it."""
