"""rx-review: reviews the prescriptions of a county medical community by declared, dated and proved rules."""

__all__: list[str] = []
