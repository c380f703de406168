# What `gitops bump APP TAG --push` replaces: the four commands of a deployment job, run in a clone.
# SCHEMAS is kubeconform's schema location. Nothing is fetched: the clone is taken to be up to date.
set -eu

app=$1
tag=$2

cd "apps/$app/overlays/staging"
kustomize edit set image "registry.kakaopay.com/$app:$tag"
kustomize build . | kubeconform -strict -schema-location "$SCHEMAS" -
git commit --quiet --message "$app(staging): bump to $tag" kustomization.yaml
git push --quiet origin HEAD:main
