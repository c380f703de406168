"""The commands: where each is, and its first line of help, so that `--help` loads none of them."""

from __future__ import annotations

from collections.abc import Mapping

SECTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Versions": {
        "bump": ("bump", "Set an app's image to a tag or digest, through a commit."),
        "promote": ("promote", "Copy the tags of one environment to the next, through a commit."),
        "rollback": ("rollback", "Set an app back to a version it ran before, through a commit."),
        "update": ("update", "Bump images to the newest tag that their policies allow."),
        "hold": ("hold", "Keep changes away from an app in an environment, through a commit."),
        "unhold": ("hold", "Let changes of a held app pass again, through a commit."),
        "freeze": ("hold", "Keep changes away from an environment, through a commit."),
        "unfreeze": ("hold", "Let changes of a frozen environment pass again, through a commit."),
        "holds": ("hold", "List what is held and frozen, and why."),
    },
    "Checks": {
        "validate": ("validate", "Render every overlay and check it: schemas, API server, Argo CD."),
        "affected": ("affected", "List the overlays that a change reaches, for CI."),
        "report-merge": ("report_merge", "Join the reports of shards into one of the whole."),
        "rules": ("rules", "List the rules that `gitops validate` checks."),
        "explain": ("rules", "Tell why a rule is there, with examples and its source."),
        "schemas": ("schemas", "List the schemas that manifests are checked against, or import some."),
    },
    "What changes and what runs": {
        "diff": ("diff", "Show what changes in the cluster, from both sides rendered."),
        "comment": ("comment", "Post the rendered diff and the findings under a merge request."),
        "status": ("status", "Show what runs where, since when, and how far behind."),
        "history": ("history", "List every version that ran: when, by whom, and how."),
        "report": ("report", "Write one page: what runs where, versions over time, changes, findings."),
        "wait": ("wait", "Wait until Argo CD reports a revision synced and healthy."),
        "runbook": ("runbook", "Print the commands that look into an app that is in trouble."),
    },
    "Apps and repositories": {
        "init": ("init", "Set up a repository of manifests: settings, CI, hooks, Argo CD's objects."),
        "adopt": ("adopt", "Write gitops.yaml for a repository that nobody prepared."),
        "app": ("apps", "Create, list, rename and delete apps, and put them into environments."),
        "argocd": ("argocd", "Make Applications from the directories, and find where the two differ."),
        "preview": ("preview", "Make environments for a while, for merge requests."),
        "service": ("service", "Write what an application's own repository needs: image, pipeline."),
    },
    "Set-up": {
        "tools": ("tools", "Show which external programs are used, or install them."),
        "completion": ("shells", "Print what a shell loads to complete commands, apps and environments."),
    },
}
"""By what people want to do: each command's module in this package, and its help."""

MODULES: Mapping[str, str] = {
    name: f"gitops_tool.cli.{module}" for section in SECTIONS.values() for name, (module, _) in section.items()
}
