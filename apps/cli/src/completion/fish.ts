import { quoted, type Script, subcommandPaths } from './script.js';
import type { CompletedCommand } from './table.js';

/** Completes in fish, with a description of each word. */
export const fishScript: Script = (
  commands,
) => `# Completion of klpreg for fish: klpreg completion fish | source
function __klpreg_at
    set -l at klpreg
    for word in (commandline -opc)
        switch "$at $word"
            case ${subcommandPaths(commands).join(' ')}
                set at "$at $word"
        end
    end
    test "$at" = "$argv"
end
${commands.flatMap(linesOf).join('\n')}
`;

function linesOf({ path, options, subcommands, values }: CompletedCommand): string[] {
  const at = `complete -c klpreg -n ${quoted(`__klpreg_at ${path}`)}`;
  return [
    ...subcommands.map(({ name, description }) => `${at} -f -a ${name} -d ${quoted(description)}`),
    ...values.map((value) => `${at} -f -a ${value}`),
    ...options.map((option) => {
      const names = option.names.map((name) =>
        name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name[1]}`,
      );
      const value =
        option.values.length > 0
          ? ` -x -a ${quoted(option.values.join(' '))}`
          : option.takesValue
            ? ' -r'
            : '';
      return `${at} ${names.join(' ')}${value} -d ${quoted(option.description)}`;
    }),
  ];
}
