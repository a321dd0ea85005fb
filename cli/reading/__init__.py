"""Reading imported files: rows in, profiles and events out, broken rows named; nothing is written here."""
