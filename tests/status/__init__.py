"""Tests of what runs where, and of what ran before."""
