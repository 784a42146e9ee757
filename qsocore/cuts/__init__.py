"""Cuts on a catalogue: a recipe says what its columns mean and which rules follow one another; a funnel counts what is left.

`recipe` reads a recipe, `photometry` brings bands to AB magnitudes and microjansky, `plan` fits a recipe to a table's columns
and cuts its rows, `funnel` keeps the counts.
"""
