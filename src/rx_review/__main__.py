"""`python -m rx_review`."""

from rx_review.cli import run

run()
