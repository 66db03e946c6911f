"""Small checks: one claim each."""
