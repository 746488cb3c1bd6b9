import { choicesOf, freeValuesOf, quoted, type Script, subcommandPaths } from './script.js';
import type { CompletedCommand } from './table.js';

/** Completes in zsh, with a description of each word. */
export const zshScript: Script = (commands) => `#compdef klpreg
# Completion of klpreg for zsh: source <(klpreg completion zsh)
_klpreg() {
  local at=klpreg before=\${words[CURRENT-1]} i
  local -a found
  if [[ $PREFIX == --*=* ]]; then before=\${PREFIX%%=*}; compset -P '*='; fi
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      (${subcommandPaths(commands).join(' | ')}) at+=" \${words[i]}" ;;
    esac
  done
  case "$at $before" in
${choicesOf(commands)
  .map(([when, values]) => `    (${when}) compadd -- ${values.join(' ')}; return ;;`)
  .join('\n')}
    (${freeValuesOf(commands).join(' | ')}) _files; return ;;
  esac
  case "$at:$PREFIX" in
${commands.map(caseOf).join('\n')}
  esac
}
if [[ $funcstack[1] == _klpreg ]]; then _klpreg "$@"; else compdef _klpreg klpreg; fi
`;

function caseOf({ path, options, subcommands, values }: CompletedCommand): string {
  const described = options.flatMap(({ names, description }) =>
    names.map((name) => `${name}:${description}`),
  );
  const words = [...subcommands.map(({ name, description }) => `${name}:${description}`), ...values];
  return [
    `    (${quoted(`${path}:-`)}*) found=(${described.map(quoted).join(' ')}); _describe option found ;;`,
    words.length === 0
      ? `    (${quoted(`${path}:`)}*) _files ;;`
      : `    (${quoted(`${path}:`)}*) found=(${words.map(quoted).join(' ')}); _describe command found ;;`,
  ].join('\n');
}
