"""Archives for students: what is in them, and what is not."""
