import { readdirSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import type { Act } from './act.js';

const FOLDER = new URL('../../schemas/', import.meta.url);

/**
 * `schema`: prints the published JSON Schema of a command's JSON. A test keeps the files and the output
 * equal.
 */
export const schema = (act: Act): Command =>
  new Command('schema')
    .summary("print the JSON Schema of a command's JSON (without a registry)")
    .description(
      'Prints the JSON Schema of what a command writes with -o json. Without a command: the names of all.',
    )
    .argument('[command...]', 'such as can-i-downgrade, or patch list')
    .action(
      act(async ({ args, environment }) => {
        const [words] = args as [string[]];
        const names = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));
        const name = words.join('-');
        if (words.length > 0 && !names.includes(name))
          throw usage(
            `'${words.join(' ')}' has no schema`,
            'klpreg schema lists the names of those that have one',
          );
        environment.stdout.write(
          words.length === 0
            ? `${names.toSorted().join('\n')}\n`
            : readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'),
        );
        return EXIT.YES;
      }),
    );
