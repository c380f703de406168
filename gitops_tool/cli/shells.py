"""`gitops completion`: what a shell loads so that Tab completes commands, options, apps and environments."""

from __future__ import annotations

import click

# The scripts ask `gitops` itself, by click's protocol: the words in COMP_WORDS, answers as `type,value[,help]`.
# https://click.palletsprojects.com/en/stable/shell-completion/
_BASH = r"""# Completion of gitops for bash; load it with: source <(gitops completion bash)
_gitops_completion() {
    local IFS=$'\n' line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            plain,*) COMPREPLY+=("$(printf '%q' "${line#plain,}")") ;;
            file,*) compopt -o default 2>/dev/null ;;
            dir,*) compopt -o dirnames 2>/dev/null ;;
        esac
    done < <(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _GITOPS_COMPLETE=bash_complete "$1" 2>/dev/null)
}
complete -F _gitops_completion gitops gitops-tool
"""
_ZSH = r"""#compdef gitops gitops-tool
# Completion of gitops for zsh; load it with: source <(gitops completion zsh)
_gitops_completion() {
    local -a plain described response
    local answer type key descr
    answer=$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) _GITOPS_COMPLETE=zsh_complete "${words[1]}" 2>/dev/null)
    response=("${(@f)answer}")
    for type key descr in ${response}; do
        case $type in
            plain)
                if [[ $descr == _ ]]; then plain+=("$key"); else described+=("${key//:/\\:}:$descr"); fi ;;
            file) _path_files -f ;;
            dir) _path_files -/ ;;
        esac
    done
    if (( $#described )); then _describe -V unsorted described -U; fi
    if (( $#plain )); then compadd -U -V unsorted -a plain; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _gitops_completion "$@"
else
    compdef _gitops_completion gitops gitops-tool
fi
"""
_FISH = r"""# Completion of gitops for fish; load it with: gitops completion fish | source
function _gitops_completion
    set -l program (commandline -opc)[1]
    set -lx COMP_WORDS (commandline -cp)
    set -lx COMP_CWORD (commandline -t)
    set -lx _GITOPS_COMPLETE fish_complete
    for line in ($program 2>/dev/null)
        set -l answer (string split -m 1 , -- $line)
        switch $answer[1]
            case plain
                echo $answer[2]
            case file
                __fish_complete_path $answer[2]
            case dir
                __fish_complete_directories $answer[2]
        end
    end
end
complete --no-files --command gitops --arguments '(_gitops_completion)'
complete --no-files --command gitops-tool --arguments '(_gitops_completion)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@click.command()
@click.argument("shell", type=click.Choice(sorted(_SCRIPTS)))
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    \b
    bash   echo 'source <(gitops completion bash)' >> ~/.bashrc
    zsh    echo 'source <(gitops completion zsh)' >> ~/.zshrc     after compinit
    fish   gitops completion fish > ~/.config/fish/completions/gitops.fish
    """
    click.echo(_SCRIPTS[shell], nl=False)
