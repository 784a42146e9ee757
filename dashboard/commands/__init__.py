"""Commands that the dashboard adds to ``qso`` through the entry-point group ``qso_atlas.commands``."""
