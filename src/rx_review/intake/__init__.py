"""Intake: the data of an HIS, as they are, to prescriptions, as a site profile says."""

from rx_review.intake.reading import Trial, read_site, try_site

__all__ = ["Trial", "read_site", "try_site"]
