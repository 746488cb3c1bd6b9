import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { EXIT, Failure, usage } from '../exits.js';
import { authorPathOf } from '../module/author.js';
import { readFileAsModule } from '../module/read-file.js';
import { statementTemplate } from '../module/statement-template.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import type { Act } from './act.js';
import { helpText } from './help.js';

/** `patch statement`: writes the author statement of a module, for its author to fill in. */
export const patchStatement = (act: Act): Command =>
  new Command('statement')
    .summary("write a module's author statement with its states, for its author (without a registry)")
    .description(
      'Writes FILE.klp.yaml next to FILE.ko: the author statement with the states of the module, and an ' +
        'explanation of each field. Needs no registry.',
    )
    .argument('<file>', '.ko, .ko.xz, .ko.zst, .ko.gz')
    .option('--force', 'overwrite an author statement that exists')
    .addHelpText('after', helpText('patch-statement'))
    .action(
      act<{ force?: true }>(async ({ args, flags, settings, environment }) => {
        const file = args[0] as string;
        const { reading, error } = await readFileAsModule(file);
        if (error !== null) throw new Failure(EXIT.NO, `${file}: ${error.message} (${error.code})`);
        if (!reading.livepatch) throw new Failure(EXIT.NO, `${file} is not a livepatch`);
        const statement = authorPathOf(file);
        await write(statement, statementTemplate(file, reading), flags.force ?? false);
        const states = reading.states?.length ?? null;
        show(
          { schemaVersion: 1, file, statement, states },
          () =>
            `${clean(statement)} is written. Fill in its empty ` +
            `fields, then: klpreg patch lint ${clean(file)}`,
          settings.output,
          environment.stdout,
        );
        return EXIT.YES;
      }),
    );

/** @throws Failure 2 if the file exists, unless it may be overwritten */
async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw usage(`${path} exists`, '--force overwrites it');
    throw usage(`${path} cannot be written: ${message}`);
  }
}
