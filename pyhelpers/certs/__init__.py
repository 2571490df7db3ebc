"""Certificates by ACME: issued, renewed in time, and served without a reload."""
