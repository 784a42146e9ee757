"""The dashboard's lower floor, tested as data; the upper one is tested in `tests.browser`."""
