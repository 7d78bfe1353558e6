"""The small formulary, read once."""

import pytest
from tests.facts.small import formulary

from rx_review.facts.build import FactBuilder
from rx_review.library.formulary import Formulary


@pytest.fixture(scope="session")
def known(tmp_path_factory) -> Formulary:
    """A formulary with a drug of every kind and no clinical rows."""
    return formulary(tmp_path_factory.mktemp("formulary"))


@pytest.fixture(scope="session")
def builder(known: Formulary) -> FactBuilder:
    """Facts over the small formulary."""
    return FactBuilder(known)


@pytest.fixture
def small(tmp_path):
    """Make a small formulary with rows of one's own: `small(limits=[…])`."""
    made = 0

    def make(**tables: list[dict[str, str]]) -> Formulary:
        nonlocal made
        made += 1
        return formulary(tmp_path / str(made), **tables)

    return make
