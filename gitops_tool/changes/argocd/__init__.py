"""Edits of Argo CD's objects: Applications come and go, a project permits what they need."""
