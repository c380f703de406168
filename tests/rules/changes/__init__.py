"""Tests of the rules that compare two revisions."""
