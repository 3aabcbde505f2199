/**
 * Shells with completion scripts. Each script runs `tidemark complete -- WORDS... CURRENT`, which
 * prints a candidate per line with a tab before its description, and offers files where there is
 * none.
 *
 * `@bomb.sh/tab` has such scripts too. Those of version 0.0.22 run the typed text through `eval`,
 * need the bash-completion package, and never offer files.
 */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof SHELLS)[number]

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]
}

/**
 * Bash splits words at `=` and `:` too, so the script removes the part before the split from the
 * candidates. Bash inserts them as they are, so they are quoted: a folder may have any name.
 */
const BASH = `# Completion of tidemark for bash. In ~/.bashrc: source <(tidemark completion bash)
_tidemark() {
  local line=\${COMP_LINE:0:COMP_POINT} word
  local current=\${line##* }
  local cut=\${current%"\${COMP_WORDS[COMP_CWORD]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    [ -n "$word" ] || continue
    printf -v word %q "\${word#"$cut"}"
    COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2>/dev/null)
}
complete -o default -o bashdefault -F _tidemark tidemark
`

const ZSH = `#compdef tidemark
# Completion of tidemark for zsh. In ~/.zshrc, after compinit: source <(tidemark completion zsh)
_tidemark() {
  local -a entries
  local line word
  for line in "\${(@f)$("\${words[1]}" complete -- "\${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    word=\${line%%$'\\t'*}
    entries+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#entries} )); then
    _describe 'tidemark' entries
  else
    _files
  fi
}
if [[ \${funcstack[1]} == _tidemark ]]; then
  _tidemark "$@"
else
  compdef _tidemark tidemark
fi
`

const FISH = `# Completion of tidemark for fish. Once: tidemark completion fish > ~/.config/fish/completions/tidemark.fish
function __tidemark_candidates
  set -l before (commandline -opc)
  set -l current (commandline -ct)
  set -l found ($before[1] complete -- $before[2..-1] "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c tidemark -f -a '(__tidemark_candidates)'
`

const SCRIPTS: Record<Shell, string> = { bash: BASH, zsh: ZSH, fish: FISH }
