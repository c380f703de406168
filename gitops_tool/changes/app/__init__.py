"""Changes in the life of an app: created, put into an environment, renamed, deleted."""
