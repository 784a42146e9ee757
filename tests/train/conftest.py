from tests.spectra import make_store  # noqa: F401 - a fixture
from tests.toy import toy  # noqa: F401
