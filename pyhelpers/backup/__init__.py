"""Keep a host's data elsewhere, encrypted, and prove that it comes back."""
