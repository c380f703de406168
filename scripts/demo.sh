#!/bin/sh
# Shows a bump from end to end, on a clone of this repository in a temporary folder: what is printed
# after "$" is what was run. "make demo" sets up what it needs.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/gitops-demo.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi

say() { printf '\n%s# %s%s\n' "$bold" "$1" "$plain"; }

# Shows a command as one would type it, then runs it; its errors stay in their place in the story.
run() {
  printf '%s$' "$bold"
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./:=@,+~-]* | '') printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '%s\n' "$plain"
  "$@" 2>&1
}

# Runs a command that has to be refused with an exit status.
refused() {
  wanted=$1
  shift
  status=0
  run "$@" || status=$?
  printf '(exit status %s)\n' "$status"
  [ "$status" -eq "$wanted" ] || { echo "demo: expected exit status $wanted" >&2; exit 1; }
}

# Every git of the demo leaves the caller's repository and settings alone, and needs none of them.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_COMMON_DIR GIT_NAMESPACE GIT_PREFIX 2>/dev/null || :
export GIT_PAGER=cat GIT_TERMINAL_PROMPT=0 GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL="$scratch/gitconfig"
git config --global safe.directory '*' # in a container, the checkout often belongs to another user
git config --global advice.detachedHead false

# A shared remote with the commit that is checked out as its branch "main", from whatever checkout:
# a shallow one, one with other changes, one without a branch.
start=$(git -C "$root" rev-parse --verify --quiet HEAD) || { echo "error: \"$root\" is no git checkout" >&2; exit 3; }
git clone --quiet --bare "file://$root" "$scratch/remote.git"
git --git-dir="$scratch/remote.git" update-ref --no-deref HEAD "$start"
git --git-dir="$scratch/remote.git" update-ref refs/heads/main "$start"
git --git-dir="$scratch/remote.git" symbolic-ref HEAD refs/heads/main

say 'A clone of the repository, with the identity that commits get'
cd "$scratch"
run git clone --quiet remote.git platform
cd platform
run git config user.name 'Demo'
run git config user.email 'demo@example.com'

say 'What renders and validates here'
run gitops tools

# Any 40 digits will do for the commit that the image was built from.
tag=$(git hash-object apps/payment-service/overlays/staging/kustomization.yaml)

say "What would putting $tag into staging change? One line, and this in the cluster"
run gitops bump payment-service "$tag" --dry-run

say 'The same, pushed: rendered and validated before the commit exists'
run gitops bump payment-service "$tag" --push

say 'The commit on the remote branch: one line, and trailers for machines'
run git --git-dir=../remote.git log -1 --stat --format='%h %an%n%n%B' main
run git show --format= HEAD

say 'Once more: nothing to do, no commit'
run gitops bump payment-service "$tag" --push

say 'A tag that is not valid is refused, with the reason'
refused 2 gitops bump payment-service 'not a tag' --push

say 'What is validated is the whole overlay: with a mistake in the base, a bump is refused at its line'
base=apps/payment-service/base/deployment.yaml
sed 's/containerPort: [0-9]*/containerPort: http/' "$base" >"$scratch/mistake.yaml"
cp "$scratch/mistake.yaml" "$base"
run git commit --quiet --all --message 'A mistake'
refused 1 gitops bump payment-service v2.0.0
run git reset --quiet --hard HEAD~1

say 'Nothing is left behind'
run git status --short --branch
[ "$(git rev-parse HEAD~1)" = "$start" ] || { echo 'demo: expected one commit on top of the first' >&2; exit 1; }
[ "$(git rev-parse HEAD)" = "$(git --git-dir=../remote.git rev-parse main)" ] || { echo 'demo: the push is missing' >&2; exit 1; }
