"""What the tests of the engine share."""

import pytest
from tests.shipped import shipped_edition

from rx_review.library.edition import Edition


@pytest.fixture(scope="session")
def edition() -> Edition:
    """The rules and the formulary as they are shipped."""
    return shipped_edition()
