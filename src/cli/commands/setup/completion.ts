import { suggestWord } from '../../../shared/did-you-mean.js'
import { UsageError } from '../../../shared/errors.js'
import { completionScript, SHELLS } from '../../completion/scripts.js'
import type { Command } from '../../parsing/command.js'

export const command: Command = {
  verb: 'completion',
  summary: 'Print a script that completes verbs, options, recordings and presets in a shell.',
  description: [
    'Prints a completion script for bash, zsh or fish. The Tab key then completes verbs, options, their values, and the',
    'recordings and comparisons of the current folder.',
    '',
    'bash: add source <(tidemark completion bash) to ~/.bashrc. zsh: add the same line with zsh to ~/.zshrc, after',
    'compinit. fish: write the script to ~/.config/fish/completions/tidemark.fish.',
  ].join('\n'),
  arguments: '<shell>',
  options: {},
  onlyPrints: true,
  examples: ['tidemark completion bash', 'tidemark completion zsh', 'tidemark completion fish'],
  run: async ({ arguments: [asked = ''] }) => {
    const shell = SHELLS.find((known) => known === asked)
    if (shell === undefined)
      throw new UsageError(`completion: found the shell "${asked}", expected one of ${SHELLS.join(', ')}`, {
        fix: suggestWord(asked, SHELLS),
      })
    process.stdout.write(completionScript(shell))
    return 0
  },
}
