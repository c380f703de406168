"""Templates: files with gaps, the tool's own or a repository's, filled in by Jinja2 in a sandbox.

A template sees the values it is given and nothing else: no files, no environment, no Python. What it makes has
to be YAML where its name says so. A template's name ends in `.j2`; other files are taken as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import TemplateError, YamlError
from gitops_tool.layout import MANIFEST_SUFFIXES
from gitops_tool.model import Location
from gitops_tool.records import record
from gitops_tool.tree import FILES, is_directory, read, walk
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.tree import Tree

SUFFIX = ".j2"
BUILT_IN = Path(__file__).with_name("templates")
"""The folder with the tool's own templates."""


@record(cached=True)
class Templates:
    """A folder of templates: each file's text, by its path in the folder; `folder` is what an error calls it."""

    folder: PurePosixPath
    texts: Mapping[PurePosixPath, str]

    def fill(self, path: PurePosixPath, values: Mapping[str, Any]) -> bytes | None:
        """Return the file of a path with its gaps filled; None where nothing but blanks is left of it.

        Raises:
            TemplateError: there is no such template, it is not one, it lacks a value, or what it makes is not YAML.
        """
        import jinja2

        name = path.with_name(path.name + SUFFIX)
        place = self.folder / name
        try:
            text = self._text(path, name, values)
        except jinja2.TemplateSyntaxError as error:
            at = Location(self.folder / (error.filename or name), error.lineno)
            raise TemplateError(error.message or "not a template", location=at) from error
        except jinja2.UndefinedError as error:
            message = error.message or "a value is missing"
            raise TemplateError(message, location=self._place(error, place), hint=_known(message, values)) from error
        except (jinja2.TemplateError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise TemplateError(str(error) or "cannot be filled in", location=self._place(error, place)) from error
        if not text.strip():
            return None
        data = text.encode()
        if path.name.endswith(MANIFEST_SUFFIXES):
            _check_yaml(data, place)
        return data

    def _text(self, path: PurePosixPath, template: PurePosixPath, values: Mapping[str, Any]) -> str:
        if template in self.texts:
            return str(self._environment.get_template(str(template)).render(values))
        if path in self.texts:
            return self.texts[path]
        raise TemplateError(f'there is no template "{self.folder / template}"', hint="see docs/apps.md")

    def below(self, folder: str) -> Iterator[PurePosixPath]:
        """Yield the paths of the files that the templates below a folder make, in order."""
        paths = (path for path in self.texts if path.is_relative_to(folder))
        yield from sorted({path.with_name(path.name.removesuffix(SUFFIX)) for path in paths})

    @cached_property
    def _environment(self) -> Any:
        import jinja2
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(
            loader=jinja2.FunctionLoader(self._source),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # it is YAML, not HTML: the filter "yaml" quotes
        )
        environment.globals.clear()
        environment.filters["yaml"] = as_yaml
        return environment

    def _source(self, name: str) -> tuple[str, str, None] | None:
        """Return a template for Jinja2: its text, and the name that tracebacks know it by."""
        text = self.texts.get(PurePosixPath(name))
        return None if text is None else (text, name, None)

    def _place(self, error: BaseException, default: PurePosixPath) -> Location:
        """Return the innermost line of a template that an error came through."""
        found, step = Location(default), error.__traceback__
        names = {str(path) for path in self.texts}
        while step is not None:
            name = step.tb_frame.f_code.co_filename
            if name in names:
                found = Location(self.folder / name, step.tb_lineno)
            step = step.tb_next
        return found


def as_yaml(value: Any) -> str:
    """Return a value as a scalar of YAML on one line: a text that every reader takes for this very text."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(f"the filter yaml takes a text or a number, not {type(value).__name__}")
    from gitops_tool.yamledit.quoting import write

    return write(value, "", '"').text


def html_page(name: str, values: Mapping[str, Any], trusted: Mapping[str, str]) -> str:
    """Return a page from the tool's own templates for HTML; every value is escaped.

    Args:
        name: of the template, in the folder `html/report`.
        values: what it shows.
        trusted: what is HTML, CSS or a script already.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(BUILT_IN / "html" / "report"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    ready = {key: Markup(text) for key, text in trusted.items()}  # noqa: S704 - that is what "trusted" says
    return str(environment.get_template(f"{name}.html{SUFFIX}").render({**values, **ready}))


def built_in(name: str) -> Templates:
    """Return a folder of the tool's own templates."""
    root = BUILT_IN / name
    files = sorted(path for path in root.rglob("*") if path.is_file())
    texts = {PurePosixPath(path.relative_to(root)): path.read_text("utf-8") for path in files}
    return Templates(PurePosixPath("templates", name), texts)


def templates_in(tree: Tree, folder: PurePosixPath) -> Templates:
    """Return a repository's own templates.

    Raises:
        TemplateError: there is no such folder, or a file in it is not text in UTF-8.
    """
    if not is_directory(tree, folder):
        raise TemplateError(f'there is no folder "{folder}" with templates', hint='see "templates" in gitops.yaml')
    texts = {}
    for path, mode in walk(tree, folder):
        if mode in FILES:
            try:
                texts[path.relative_to(folder)] = read(tree, path).decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise TemplateError("the template is not text in UTF-8", location=Location(path)) from error
    return Templates(folder, texts)


def _known(message: str, values: Mapping[str, Any]) -> str:
    name = message.partition("'")[2].partition("'")[0]
    return did_you_mean(name, values) or f"known here: {', '.join(sorted(values))}"


def _check_yaml(data: bytes, place: PurePosixPath) -> None:
    from gitops_tool.yamlload import load_documents

    try:
        load_documents(data, place)
    except YamlError as error:
        raise TemplateError(
            f"what the template makes is not YAML: {error.message} (line {error.line} of what it makes)",
            location=Location(place),
            hint="quote values with the filter yaml: {{ name | yaml }}",
        ) from error
