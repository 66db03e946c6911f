"""The scenarios: what is clean, what fails, and how it is told."""
