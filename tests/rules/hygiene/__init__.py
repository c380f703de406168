"""Tests of the rules of one family."""
