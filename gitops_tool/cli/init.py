"""`gitops init`: a new repository of manifests."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options, report

if TYPE_CHECKING:
    from gitops_tool.changes.init import Init
    from gitops_tool.cli.app import Session
    from gitops_tool.git import GitRepo
    from gitops_tool.model import Environment

_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_CLUSTER = re.compile(r"https://[!-~]+|[A-Za-z0-9]([A-Za-z0-9._:/@-]*[A-Za-z0-9])?", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*", re.ASCII)
_VERSION = re.compile(r"1\.\d+")
_URL = re.compile(r"(https|ssh|file)://[!-~]+|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[!-~]+|/[!-~]+")
_CREDENTIALS = re.compile(r"(?P<scheme>https?://)[^/@]*@")
_PLACEHOLDER = "https://git.example.com/{project}/manifests.git"


@click.command()
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    help="Environment, in the order of promotion; may be repeated. [default: staging, production]",
)
@click.option("--repo-url", metavar="URL", help="The repository, as Argo CD knows it. [default: the remote origin]")
@click.option("--project", metavar="NAME", help="The AppProject. [default: the folder's name]")
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="[ENV=]NAME",
    help="Namespace of the apps. [default: the project's name, with the environment's where a cluster has several]",
)
@click.option(
    "--cluster",
    "clusters",
    multiple=True,
    metavar="[ENV=]SERVER",
    help="API server or name in Argo CD. [default: the cluster that Argo CD runs in]",
)
@click.option("--argocd-namespace", default="argocd", show_default=True, metavar="NAME", help="Where Argo CD runs.")
@click.option("--target-revision", metavar="BRANCH", help="What Argo CD follows. [default: the current branch]")
@click.option("--kubernetes-version", metavar="1.X", help="The clusters' version. [default: the newest known]")
@change_options(last_wins=False, placeholders="")
@click.pass_obj
def init(
    session: Session,
    folder: Path | None,
    environments: tuple[str, ...],
    repo_url: str | None,
    project: str | None,
    namespaces: tuple[str, ...],
    clusters: tuple[str, ...],
    argocd_namespace: str,
    target_revision: str | None,
    kubernetes_version: str | None,
    options: ChangeOptions,
) -> int:
    """Set a repository of manifests up: settings, CI, hooks, AppProjects, the root Application, the namespaces.

    In an empty folder (git is started there), or in a repository without gitops.yaml. No file that is there is
    changed. Where there is no commit yet, this makes the first.

    \b
    gitops init manifests --project shop --repo-url https://git.example.org/shop/manifests.git
    gitops init --env dev --env production --cluster production=https://kubernetes.example.org:6443
    """
    from gitops_tool.cli.app import Session as Other
    from gitops_tool.toolchain import KUSTOMIZE

    if options.repo is not None:
        raise click.UsageError("init works in a folder: --repo does not go with it")
    place = (session.folder / folder if folder else session.folder).resolve()
    name = _checked(project or _named_like(place), _LABEL, "--project", "a name such as shop")
    if name == "root":
        raise click.UsageError('"root" is the project of the app-of-apps: name another with --project')
    stages = _environments(name, environments or ("staging", "production"), namespaces, clusters)
    repo = _open(place)
    try:
        url, placeholder = _url(repo_url, repo, name)
        from gitops_tool import __version__
        from gitops_tool.changes.init import Init

        change = Init(
            project=name,
            environments=stages,
            repo_url=url,
            target_revision=_checked(
                target_revision or (repo.branch if repo else None) or "main", _REVISION, "--target-revision", "a branch"
            ),
            argocd_namespace=_checked(argocd_namespace, _LABEL, "--argocd-namespace", "a namespace"),
            kubernetes_version=_checked(kubernetes_version, _VERSION, "--kubernetes-version", "a version such as 1.36")
            if kubernetes_version
            else None,
            gitops_version=__version__,
            kustomize_version=KUSTOMIZE.pinned,
            template=options.message,
        )
        if repo is not None and repo.has_commit():
            status = carry_out(Other(place), change, options)
        else:
            status = _begin(place, repo, change, options)
    finally:
        if repo is not None:
            repo.close()
    if placeholder:
        click.echo(
            f"note: no remote tells the repository's URL, so {url} is written: set argocd.repoURL in gitops.yaml "
            "and run `gitops argocd generate`",
            err=True,
        )
    return status


def _begin(place: Path, repo: GitRepo | None, change: Init, options: ChangeOptions) -> int:
    """Carry the change out where there is no commit yet, or no repository."""
    from gitops_tool import pipeline
    from gitops_tool.errors import GitopsError
    from gitops_tool.git import GitRepo
    from gitops_tool.schemas import SchemaEngine

    if options.push:
        raise click.UsageError("there is no commit to build on: push the first one with git")
    engine = SchemaEngine(options.engine)
    if options.dry_run:
        return report(pipeline.dry_run_of_files(change, place, engine), options)
    if options.no_commit:
        place.mkdir(parents=True, exist_ok=True)
        return report(pipeline.write_files(change, place, engine), options)
    if repo is not None:
        return report(pipeline.first_commit(repo, place, change, sign=options.sign, engine=engine), options)
    pipeline.dry_run_of_files(change, place, engine)  # what cannot be done is known before git starts
    place.mkdir(parents=True, exist_ok=True)
    made = GitRepo.create(place)
    try:
        outcome = pipeline.first_commit(made, place, change, sign=options.sign, engine=engine)
    except GitopsError:
        if not made.has_commit():
            shutil.rmtree(made.git_dir)
        raise
    finally:
        made.close()
    return report(outcome, options)


def _open(place: Path) -> GitRepo | None:
    """Open the repository whose root a folder is; None where there is none.

    Raises:
        click.UsageError: the folder is inside another repository.
    """
    from gitops_tool.errors import GitError
    from gitops_tool.git import GitRepo

    if not place.is_dir():
        above = next(parent for parent in place.parents if parent.is_dir())
        _open_above(above)
        return None
    try:
        repo = GitRepo.open(place)
    except GitError as error:
        if (place / ".git").exists() or "not a git repository" not in error.message:
            raise
        return None
    if repo.root != place:
        repo.close()
        raise _misplaced(place, repo.root)
    return repo


def _open_above(folder: Path) -> None:
    from gitops_tool.errors import GitError
    from gitops_tool.git import GitRepo

    try:
        repo = GitRepo.open(folder)
    except GitError:
        return
    repo.close()
    raise _misplaced(folder, repo.root)


def _misplaced(folder: Path, root: Path | None) -> click.UsageError:
    if root is None:
        return click.UsageError(f'"{folder.name}" is a bare repository: run it in a clone of it')
    return click.UsageError(f'"{folder.name}" is inside a repository: run it at its root, {root}')


def _named_like(place: Path) -> str:
    """Return a project's name for a folder, "apps" where its name gives none."""
    name = re.sub(r"[^a-z0-9]+", "-", place.name.lower()).strip("-")[:40].strip("-")
    return name if _LABEL.fullmatch(name) and name != "root" else "apps"


def _checked(text: str, shape: re.Pattern[str], option: str, expected: str) -> str:
    from gitops_tool.wording import quoted

    if not shape.fullmatch(text):
        raise click.UsageError(f"{option} {quoted(text)} is not {expected}")
    return text


def _environments(
    project: str, names: tuple[str, ...], namespaces: tuple[str, ...], clusters: tuple[str, ...]
) -> tuple[Environment, ...]:
    from gitops_tool.model import Environment
    from gitops_tool.rules.argocd.projects import IN_CLUSTER_SERVER

    for name in names:
        _checked(name, _LABEL, "--env", "an environment's name, such as staging")
        if names.count(name) > 1:
            raise click.UsageError(f'environment "{name}" is named twice')
    servers = _by_environment("--cluster", clusters, names, _CLUSTER, "an API server's URL or a cluster's name")
    spaces = _by_environment("--namespace", namespaces, names, _LABEL, "a namespace")
    made: list[Environment] = []
    for name in names:
        server = servers.get(name) or servers.get("") or IN_CLUSTER_SERVER
        alone = sum((servers.get(other) or servers.get("") or IN_CLUSTER_SERVER) == server for other in names) == 1
        namespace = spaces.get(name) or spaces.get("") or (project if alone else f"{project}-{name}")
        made.append(Environment(name, namespace, server, made[-1].name if made else None))
    return tuple(made)


def _by_environment(
    option: str, texts: tuple[str, ...], names: tuple[str, ...], shape: re.Pattern[str], expected: str
) -> dict[str, str]:
    """Read `[ENV=]VALUE` several times; the value for all stands under an empty name."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            name, value = "", text
        elif name not in names:
            raise click.UsageError(f'{option}: "{name}" is none of the environments {", ".join(names)}')
        found[name] = _checked(value, shape, option, expected)
    return found


def _url(given: str | None, repo: GitRepo | None, project: str) -> tuple[str, bool]:
    """Return the repository's URL, and whether it is made up because nobody knows it."""
    if given is not None:
        if _CREDENTIALS.match(given):
            raise click.UsageError("--repo-url holds credentials, and would put them into the repository")
        return _checked(given, _URL, "--repo-url", "a URL such as https://git.example.org/shop/manifests.git"), False
    origin = repo.settings.get("remote.origin.url", "") if repo else ""
    url = _CREDENTIALS.sub(lambda match: match["scheme"], origin)
    return (url, False) if _URL.fullmatch(url) else (_PLACEHOLDER.format(project=project), True)
