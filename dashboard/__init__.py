"""The Panel dashboard of QSO Atlas: a map of every object of a survey, and what was touched on it beside it.

The lower floor (`state`, `table`, `raster`, `derive`, `colourings`) knows no GUI and is tested as data; the upper one
(`session`, `actions`, `controls`, `views`, `layout`, `app`) shows it.
"""
