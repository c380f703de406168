"""Which YAML values a bump sets, to what, and what it refuses."""

from __future__ import annotations

import pytest

from gitops_tool.changes.reach import Reach, ValueTarget
from gitops_tool.errors import GitopsError

from .bumping import changed, proposed, refusal

SETTINGS = "version: 1\nenvironments: [{name: staging}, {name: production}]\n"
D1, D2 = (f"sha256:{digit * 64}" for digit in "12")


@pytest.mark.parametrize(
    ("before", "path", "version", "after"),
    [
        ("tag: v1 # x\n", "tag", "v2", "tag: v2 # x\n"),
        ("tag: 1.9\n", "tag", "1.10", 'tag: "1.10"\n'),
        ("tag:\n", "tag", "v2", "tag: v2\n"),
        ("image: 'r/web:v1'\n", "image", "v2", "image: 'r/web:v2'\n"),
        ("image: web\n", "image", "v2", "image: web:v2\n"),
        (f"image: r/web:v1@{D1}\n", "image", "v2", "image: r/web:v2\n"),
        ("image: r/web:v1\n", "image", D2, f"image: r/web@{D2}\n"),
        ("image: r/web:v1\n", "image", "q/api:v2", "image: q/api:v2\n"),
        ("x: registry:5000/web:v1\n", "x", "v2", "x: registry:5000/web:v2\n"),
        (f"digest: {D1}\n", "digest", D2, f"digest: {D2}\n"),
        (f"i: {{tag: v1, digest: {D1}}}\n", "i.tag", "v2", 'i: {tag: v2, digest: ""}\n'),
        (f"i: {{tag: v1, digest: {D1}}}\n", "i.tag", f"v2@{D2}", f"i: {{tag: v2, digest: {D2}}}\n"),
        ("i: {tag: v1, digest: ''}\n", "i.tag", "v2", "i: {tag: v2, digest: ''}\n"),
        ("i: {tag: v1}\n", "i.tag", f"v2@{D2}", f"i: {{tag: v2@{D2}}}\n"),
        ("l:\n- {n: a, v: v1}\n- {n: b, v: v1}\n", "l[n=b].v", "v2", "l:\n- {n: a, v: v1}\n- {n: b, v: v2}\n"),
        ("a: v0\n---\nb: v1\n...\n", "b", "v2", "a: v0\n---\nb: v2\n...\n"),
    ],
)
def test_what_a_path_sets(before: str, path: str, version: str, after: str) -> None:
    reach = Reach(paths=(ValueTarget("v.yaml", path),))
    proposal = proposed({"gitops.yaml": SETTINGS, "v.yaml": before}, version, reach)
    assert changed(proposal) == {"v.yaml": after}
    again = proposed({"gitops.yaml": SETTINGS, "v.yaml": after}, version, reach)
    assert again.edits == ()


@pytest.mark.parametrize(
    ("path", "version", "error"),
    [
        ("web.tig", "v2", 'v.yaml:1:6: "web" has no "tig"\ndid you mean "tag"?'),
        ("web", "v2", 'v.yaml:1:6: "web" is a mapping, not a scalar\n'),
        ("l[name=b].t", "v2", 'v.yaml:2:5: "l" has no item with "name=b"\n'),
        (
            "alias",
            "v2",
            'v.yaml:3:8: "alias" is an alias of the anchor "t" on line 1\nwrite the value out in both places',
        ),
        ("text", "v2", 'v.yaml:4:7: "text" is a block scalar ("|")\nwrite the value on the line of its key'),
        ("digest", "v2", '"v.yaml:digest" takes a digest, and "v2" is none\n'),
        ("unit.tag", D2, f'"v.yaml:unit.tag" is a tag beside a digest, and "{D2}" has no tag\n'),
    ],
)
def test_refusals(path: str, version: str, error: str) -> None:
    text = f"web: {{tag: &t v1}}\nl: [{{name: a, t: v1}}]\nalias: *t\ntext: |\n  v1\ndigest: {D1}\n"
    files = {"gitops.yaml": SETTINGS, "v.yaml": f"{text}unit: {{tag: v1, digest: {D1}}}\n"}
    with pytest.raises(GitopsError) as caught:
        proposed(files, version, Reach(paths=(ValueTarget("v.yaml", path),)))
    assert refusal(caught.value) == error


@pytest.mark.parametrize("file", ["none.yaml", "../v.yaml", "/etc/passwd", "link.yaml"])
def test_a_file_that_is_none_of_the_repository(file: str) -> None:
    with pytest.raises(GitopsError, match=r"does not exist|leads out of the repository"):
        proposed({"gitops.yaml": SETTINGS}, "v2", Reach(paths=(ValueTarget(file, "a"),)))


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("{file: x.yaml}", 'gitops.yaml:6:9: a target of "a" has no "path"\n'),
        (
            "{file: ../x.yaml, path: a}",
            'gitops.yaml:6:16: "file" is "../x.yaml", which is not a file of this repository\n',
        ),
        (
            "{file: x.yaml, path: 'a['}",
            'gitops.yaml:6:30: "a[" is not a YAML path: character 2 is not expected\nwrite ',
        ),
        ("{file: x.yaml, path: a, sets: tig}", 'gitops.yaml:6:39: "sets" is "tig"\none of: tag, digest, image'),
        ("{file: x.yaml, path: a, pat: b}", 'gitops.yaml:6:38: unknown key "pat"\ndid you mean "path"?'),
    ],
)
def test_targets_that_are_none(target: str, error: str) -> None:
    with pytest.raises(GitopsError) as caught:
        proposed({"gitops.yaml": f"{SETTINGS}bump:\n  targets:\n    a:\n      - {target}\n"}, "v2", app="a")
    assert refusal(caught.value).startswith(error)


def test_targets_are_set_for_the_environment_that_is_named() -> None:
    targets = (
        "bump: {targets: {jobs: [{file: 'jobs/{env}.yaml', path: tag}, {file: '{app}.yaml', path: x, sets: image}]}}\n"
    )
    files = {"gitops.yaml": SETTINGS + targets, "jobs/production.yaml": "tag: v1\n", "jobs.yaml": "x: r/jobs\n"}
    proposal = proposed(files, "v2", None, "production", app="jobs")
    assert changed(proposal) == {"jobs/production.yaml": "tag: v2\n", "jobs.yaml": "x: r/jobs:v2\n"}
    with pytest.raises(GitopsError, match=r'app "jobs" has no environment "live"'):
        proposed(files, "v2", None, "live", app="jobs")


def test_where_markers_count() -> None:
    files = {
        "gitops.yaml": f"{SETTINGS}layout: '{{app}}/{{env}}'\nbump: {{markers: true}}\n",
        "web/staging/kustomization.yaml": "resources: [c.yaml]\n",
        "web/staging/c.yaml": "a: v1 # gitops: tag web\nb: v1 # gitops: tag web production\nc: v1 # gitops: tag api\n",
        "web/production/kustomization.yaml": "resources: []\n",
        "versions.yaml": "web: v1 # gitops: tag web staging\nother: v1 # gitops: tag web\n",
    }
    assert changed(proposed(files, "v2")) == {
        "web/staging/c.yaml": files["web/staging/c.yaml"].replace("a: v1", "a: v2"),
        "versions.yaml": files["versions.yaml"].replace("web: v1", "web: v2"),
    }


def application(name: str, source: str, path: str = "charts/web") -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata: {{name: {name}, namespace: argocd}}\nspec:\n"
        f"  source:\n    repoURL: https://git.example.org/m.git\n    path: {path}\n{source}"
    )


TWO = "{a: {image: x/a:1}, b: {image: x/b:1}}"
VALUES = "image: {repository: r/web, tag: v1}\nside: {image: r/log:v3}\nglobal: {imageTag: v0}\n"
HELM = {
    "the last of the values files": (
        "    helm: {valueFiles: [a.yaml, b.yaml]}\n",
        {"charts/web/a.yaml": VALUES, "charts/web/b.yaml": "image: {tag: v1}\n"},
        "charts/web/b.yaml",
        "tag: v1",
    ),
    "the only one with the image": (
        "    helm: {valueFiles: [a.yaml, b.yaml]}\n",
        {"charts/web/a.yaml": VALUES, "charts/web/b.yaml": "x: 1\n"},
        "charts/web/a.yaml",
        "tag: v1",
    ),
    "from the root": (
        "    helm: {valueFiles: [/env/s.yaml]}\n",
        {"charts/web/values.yaml": VALUES, "env/s.yaml": "image: {tag: v1}\n"},
        "env/s.yaml",
        "tag: v1",
    ),
    "the object before the files": (
        "    helm: {valueFiles: [a.yaml], valuesObject: {image: {tag: v1}}}\n",
        {"charts/web/a.yaml": VALUES},
        "argocd/web.yaml",
        "tag: v1",
    ),
    "parameters before all": (
        "    helm: {valuesObject: {image: {tag: v0}}, parameters: [{name: image.tag, value: v1}]}\n",
        {"charts/web/values.yaml": VALUES},
        "argocd/web.yaml",
        "value: v1",
    ),
    "an image in one text": (
        "    helm: {valueFiles: [a.yaml]}\n",
        {"charts/web/a.yaml": "image: r/web:v1\nother: {image: r/x:v1}\n"},
        "charts/web/a.yaml",
        "r/web:v1",
    ),
}


@pytest.mark.parametrize("name", HELM)
def test_the_value_of_a_chart(name: str) -> None:
    source, files, file, old = HELM[name]
    files = {"gitops.yaml": SETTINGS, "argocd/web.yaml": application("web-staging", source), **files}
    proposal = proposed(files, "v2")
    assert changed(proposal) == {file: files[file].replace(old, old.replace("v1", "v2"))}
    assert proposal.unrendered == ((proposal.settings[0].overlay, "Helm charts are not rendered here"),)
    assert proposal.message.endswith("Gitops-Unrendered: web(staging): Helm charts are not rendered here\n")


SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  goTemplate: true
  generators:
  - matrix:
      generators:
      - list: {elements: [{app: web}, {app: api}]}
      - list: {elements: [{env: staging}, {env: production}]}
  template:
    metadata: {name: '{{.app}}-{{.env}}'}
    spec:
      project: default
      source:
        repoURL: https://git.example.org/m.git
        targetRevision: main
        path: charts/{{.app}}
        helm: {valueFiles: ['values-{{.env}}.yaml']MORE}
      destination: {server: https://kubernetes.default.svc, namespace: shop}
"""


def test_values_of_an_application_that_is_generated() -> None:
    files = {"gitops.yaml": SETTINGS, "argocd/set.yaml": SET.replace("MORE", ""), "charts/web/values.yaml": VALUES}
    files |= {f"charts/web/values-{name}.yaml": "image: {tag: v1}\n" for name in ("staging", "production")}
    assert changed(proposed(files, "v2")) == {"charts/web/values-staging.yaml": "image: {tag: v2}\n"}
    files["argocd/set.yaml"] = SET.replace("MORE", ", parameters: [{name: image.tag, value: v0}]")
    with pytest.raises(GitopsError, match="is set by the template of an ApplicationSet in"):
        proposed(files, "v2")
    files["argocd/set.yaml"] = SET.replace("MORE", "").replace("values-{{.env}}", "values")
    with pytest.raises(GitopsError, match=r"sets the image of web\(staging\), and web-production reads it, too"):
        proposed(files, "v2")


def test_values_of_another_source_of_the_application() -> None:
    text = application("web-staging", "").partition("  source:")[0] + (
        "  sources:\n  - {repoURL: https://charts.example.org, chart: web, targetRevision: 1.0.0,"
        " helm: {valueFiles: [$here/env/s.yaml]}}\n  - {repoURL: https://git.example.org/m.git, ref: here}\n"
    )
    files = {"gitops.yaml": SETTINGS, "argocd/web.yaml": text, "env/s.yaml": VALUES}
    assert changed(proposed(files, "v2")) == {"env/s.yaml": VALUES.replace("tag: v1", "tag: v2")}


@pytest.mark.parametrize(
    ("files", "image", "error"),
    [
        (
            {
                "argocd/s.yaml": application("web-staging", "    helm: {}\n"),
                "argocd/p.yaml": application("web-production", "    helm: {}\n"),
                "charts/web/values.yaml": VALUES,
            },
            None,
            '"charts/web/values.yaml" sets the image of web(staging), and web-production reads it, too\n'
            "set image.tag in a values file of each environment, or name it with --path",
        ),
        (
            {"argocd/s.yaml": application("web-staging", "    helm:\n      values: |\n        image: {tag: v1}\n")},
            None,
            'the image of web(staging) is set inside the text of "values" in "argocd/s.yaml"\n'
            "turn it into valuesObject, which is YAML of the file itself",
        ),
        (
            {
                "argocd/s.yaml": application(
                    "web-staging", "    helm: {valuesObject: {a: {image: x/a:1}, b: {image: x/b:1}}}\n"
                )
            },
            None,
            "the Helm values of web(staging) have several images\nchoose with --image: x/a, x/b",
        ),
        (
            {"argocd/s.yaml": application("web-staging", "    helm: {valuesObject: {image: x/a:1}}\n")},
            "c",
            'the Helm values of web(staging) have no image "c"\nits images: x/a',
        ),
        (
            {"argocd/s.yaml": application("web-staging", "    helm: {valuesObject: {replicas: 1}}\n")},
            None,
            "no image is set by the Helm values of web(staging)\nname the value with --path: argocd/s.yaml",
        ),
    ],
)
def test_charts_that_are_refused(files: dict[str, str], image: str | None, error: str) -> None:
    with pytest.raises(GitopsError) as caught:
        proposed({"gitops.yaml": SETTINGS, **files}, "v2", image=image)
    assert refusal(caught.value) == error
