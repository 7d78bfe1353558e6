"""What the tests of the engine share."""

import pytest

from rx_review import config
from rx_review.library.edition import Edition, load_edition


@pytest.fixture(scope="session")
def edition() -> Edition:
    """The rules and the formulary as they are shipped."""
    return load_edition(config.rules_dir(), config.formulary_dir(), config.cache_dir())
