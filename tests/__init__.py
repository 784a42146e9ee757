"""Tests of QSO Atlas; the folders mirror the packages."""
