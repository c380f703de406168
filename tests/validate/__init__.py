"""Tests of `gitops validate`: what it looks at, what it reports, in every format."""
