from tests.judged import trained  # noqa: F401 - a fixture
