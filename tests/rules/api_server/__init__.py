"""Tests of the rules on what an API server rejects."""
