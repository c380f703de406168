"""Tests of bumps that reach further than images of kustomizations, on trees in memory."""
