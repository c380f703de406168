"""What runs where, and what ran before, as text, JSON and Markdown."""
