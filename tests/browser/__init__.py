"""Tests of the report in a real Chromium: `make test-browser`."""
