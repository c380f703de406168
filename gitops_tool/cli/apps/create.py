"""`gitops app create`: base, overlays and Applications of a new app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options
from gitops_tool.cli.completion import complete_environment

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session

_PORT = click.IntRange(1, 65535)


@click.command(short_help="Create an app from templates.")
@click.argument("name", metavar="NAME")
@click.option("--image", required=True, metavar="REF", help="The image with its tag or digest.")
@click.option("--port", type=_PORT, required=True, metavar="N", help="The port that the container serves HTTP on.")
@click.option(
    "--ingress",
    multiple=True,
    metavar="[ENV=]HOST[/PATH]",
    help="What reaches it from outside; may be repeated.",
)
@click.option("--ingress-class", default="nginx", show_default=True, metavar="CLASS", help="The Ingress's class.")
@click.option("--cluster-issuer", metavar="NAME", help="cert-manager's issuer of the Ingress's certificate.")
@click.option("--metrics", type=_PORT, metavar="PORT", help="The port with /metrics for Prometheus.")
@click.option("--config", multiple=True, metavar="FILE", help="A file to mount in /app/config; may be repeated.")
@click.option(
    "--secret-store",
    metavar="NAME",
    help="External Secrets' ClusterSecretStore; SecretStore/NAME for one of a namespace.",
)
@click.option(
    "--secret",
    multiple=True,
    metavar="VARIABLE=REMOTE[#PROPERTY]",
    help="An environment variable from the store; may be repeated.",
)
@click.option(
    "--replicas",
    multiple=True,
    metavar="[ENV=]MIN:MAX",
    help="How many pods; one number for a fixed count; may be repeated. [default: 2:10]",
)
@click.option("--cpu", default="100m", show_default=True, metavar="REQUEST[:LIMIT]", help="CPU of a pod.")
@click.option("--memory", default="256Mi", show_default=True, metavar="REQUEST[:LIMIT]", help="Memory of a pod.")
@click.option("--liveness", default="/health", show_default=True, metavar="PATH", help="Path of the liveness probe.")
@click.option("--readiness", default="/ready", show_default=True, metavar="PATH", help="Path of the readiness probe.")
@click.option("--egress", multiple=True, metavar="APP:PORT", help="Pods it connects to; may be repeated.")
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Environment; may be repeated. [default: all]",
)
@change_options(last_wins=False, placeholders="{app}, {environment}")
@click.pass_obj
def create(
    session: Session,
    name: str,
    image: str,
    port: int,
    ingress: tuple[str, ...],
    ingress_class: str,
    cluster_issuer: str | None,
    metrics: int | None,
    config: tuple[str, ...],
    secret_store: str | None,
    secret: tuple[str, ...],
    replicas: tuple[str, ...],
    cpu: str,
    memory: str,
    liveness: str,
    readiness: str,
    egress: tuple[str, ...],
    environments: tuple[str, ...],
    options: ChangeOptions,
) -> int:
    """Create an app: base, overlays, Applications, and what its project has to permit.

    The files come from templates; `templates` in gitops.yaml names a folder with your own. What they make is
    rendered and validated before the commit exists.

    \b
    gitops app create shop --image registry.example.org/shop:1.4.0 --port 8080
    gitops app create shop --image registry.example.org/shop:1.4.0 --port 8080 \\
      --ingress shop.example.org --ingress staging=shop.staging.example.org --metrics 9090 \\
      --secret-store vault --secret DB_PASSWORD=shop/db#password --replicas 3:20 --replicas staging=2:5
    """
    from gitops_tool.changes.app.create import CreateApp
    from gitops_tool.changes.app.names import check_app_name
    from gitops_tool.changes.app.spec import AppSpec
    from gitops_tool.cli.apps import values
    from gitops_tool.images import ImageRef

    check_app_name(name)
    reference = ImageRef.parse(image)
    if reference.tag is None and reference.digest is None:
        raise click.UsageError(f'--image "{image}" has neither a tag nor a digest')
    if metrics == port:
        raise click.UsageError("--metrics and --port are the same: a container's ports have one number each")
    store, keys = values.secrets(secret_store, secret)
    general, own = values.replicas(replicas)
    files = tuple(values.config_file(session.folder, file) for file in config)
    if len({file.name for file in files}) < len(files):
        raise click.UsageError("two --config files have the same name")
    spec = AppSpec(
        name=name,
        image=reference,
        port=port,
        metrics=metrics,
        routes=tuple(values.route(text) for text in ingress),
        ingress_class=ingress_class,
        cluster_issuer=cluster_issuer,
        config=files,
        secret_store=store,
        secrets=keys,
        replicas=general,
        own_replicas=own,
        cpu=values.amount("--cpu", cpu),
        memory=values.amount("--memory", memory),
        liveness=values.probe_path("--liveness", liveness),
        readiness=values.probe_path("--readiness", readiness),
        egress=tuple(values.peer(text) for text in egress),
    )
    return carry_out(session, CreateApp(spec, environments, options.message), options)
