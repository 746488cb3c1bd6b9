import { Argument, Command } from 'commander';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import type { Script } from '../completion/script.js';
import { completionTable } from '../completion/table.js';
import { zshScript } from '../completion/zsh.js';
import { EXIT } from '../exits.js';
import type { Act } from './act.js';
import { helpText } from './help.js';

const SHELLS: Readonly<Record<string, Script>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** `completion`: prints a script for a shell. @param program returns the whole command line */
export const completion = (act: Act, program: () => Command): Command =>
  new Command('completion')
    .summary('print a script that completes commands, options and values in a shell')
    .description(
      'Prints a script for bash, zsh or fish. It completes commands, options and closed lists of values.',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .addHelpText('after', helpText('completion'))
    .action(
      act(async ({ args, environment }) => {
        environment.stdout.write(SHELLS[args[0] as string]!(completionTable(program())));
        return EXIT.YES;
      }),
    );
