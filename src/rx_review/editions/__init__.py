"""Editions before they run: checked, signed by two people, compared."""
