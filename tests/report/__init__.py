"""Tests of the report: how objects hang together, the plots, the page."""
