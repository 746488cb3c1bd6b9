import { choicesOf, freeValuesOf, type Script, subcommandPaths, wordsOf } from './script.js';

/** Completes in bash. A file name is completed wherever there is no list of words. */
export const bashScript: Script = (
  commands,
) => `# Completion of klpreg for bash: source <(klpreg completion bash)
_klpreg() {
  local at=klpreg word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} i
  # bash splits --option=value at the =
  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${subcommandPaths(commands).join(' | ')}) at+=" \${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at $before" in
${choicesOf(commands)
  .map(
    ([when, values]) => `    ${when}) COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$word")); return ;;`,
  )
  .join('\n')}
    ${freeValuesOf(commands).join(' | ')}) return ;;
  esac
  case "$at:$word" in
${wordsOf(commands)
  .map(([when, words]) => `    ${when}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word")) ;;`)
  .join('\n')}
  esac
}
complete -o default -F _klpreg klpreg
`;
