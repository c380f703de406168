"""What keeps changes away for a time: holds of one overlay, freezes of an environment, weekly windows.

Holds and freezes are files in `.gitops/`, where neither kustomize nor Argo CD looks.
"""

from gitops_tool.holds.files import FOLDER, Hold, freeze_path, has_holds, hold_path, list_holds, read_hold
from gitops_tool.holds.windows import Window

__all__ = ["FOLDER", "Hold", "Window", "freeze_path", "has_holds", "hold_path", "list_holds", "read_hold"]
