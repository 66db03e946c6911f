"""The statements S1 to S94 of the facts, each run on all six builds."""
