"""The model against MMUs that nobody here wrote."""
