from tests.spectra import make_store  # noqa: F401 - a fixture
