"""What the book asks its reader: questions, right answers, feedback for each choice, and what was answered."""
