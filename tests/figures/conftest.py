from tests.judged import trained  # noqa: F401 - a fixture
from tests.judged_images import judged_images  # noqa: F401 - a fixture
