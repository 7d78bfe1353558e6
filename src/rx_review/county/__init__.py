"""A county to practise on: prescriptions written from treatment regimens, with the gaps that real sites leave."""

from __future__ import annotations

from rx_review.county.burden import Burden, measure_burden
from rx_review.county.generate import Generated, generate_county
from rx_review.county.regimen import read_regimens

__all__ = ["Burden", "Generated", "generate_county", "measure_burden", "read_regimens"]
