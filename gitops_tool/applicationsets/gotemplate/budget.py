"""How much work templates may make."""

from __future__ import annotations

from gitops_tool.applicationsets.gotemplate.errors import UnsupportedError

MAX_STEPS = 1_000_000
MAX_CHARACTERS = 20_000_000


class Budget:
    """What is left of the steps and characters that templates may use, all together.

    A step is an action, a command, an item of a list, or a hundred characters that a function returns. The
    Applications of the largest ApplicationSets in public repositories take a hundredth of it.
    """

    def __init__(self, steps: int = MAX_STEPS, characters: int = MAX_CHARACTERS) -> None:
        self.steps = steps
        self.characters = characters

    def spend(self, steps: int = 1) -> None:
        """Take steps away.

        Raises:
            UnsupportedError: there are none left.
        """
        self.steps -= steps
        if self.steps < 0:
            raise UnsupportedError("templates that take too long")

    def write(self, characters: int) -> None:
        """Take characters of output away.

        Raises:
            UnsupportedError: there are none left.
        """
        self.characters -= characters
        if self.characters < 0:
            raise UnsupportedError("templates that write too much")
