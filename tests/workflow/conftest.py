from tests.spectra import make_store  # noqa: F401 - fixtures
from tests.toy import toy  # noqa: F401
