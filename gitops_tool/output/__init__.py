"""Results -> text, pure: one file a format."""
