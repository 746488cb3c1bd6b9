import { Command } from 'commander';
import { EXIT, type ExitCode, usage, worst } from '../exits.js';
import { publish, type Published } from '../module/publish.js';
import { readSignKey } from '../module/sign.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { table } from '../show/table.js';
import type { Act } from './act.js';
import { helpText } from './help.js';
import { publicName } from './public-name.js';

interface Flags {
  readonly release: string;
  readonly owner: string;
  readonly author?: string;
  readonly signKey?: string;
  readonly force?: true;
  readonly dryRun?: true;
}

/** `patch publish`: uploads modules to the registry, which parses them itself. */
export const patchPublish = (act: Act): Command =>
  new Command('publish')
    .summary('upload modules to the registry')
    .description(
      'Uploads modules to the registry, which parses them itself. FILE.klp.yaml next to FILE.ko is ' +
        'uploaded as its author statement.',
    )
    .argument('<file...>', '.ko, .ko.xz, .ko.zst, .ko.gz')
    .requiredOption('--release <release>', 'the release that these modules are builds of')
    .requiredOption('--owner <owner>', 'the team that is responsible for it')
    .option('--author <file>', 'the author statement (default: FILE.klp.yaml next to FILE.ko)')
    .option('--sign-key <file>', 'sign the author statements with this Ed25519 private key (PEM)')
    .option('--force', 'publish modules in which the lint finds errors')
    .option('--dry-run', 'check everything and upload nothing')
    .addHelpText('after', helpText('patch-publish'))
    .action(
      act<Flags>(async ({ args, flags, settings, environment, registry }) => {
        const files = args[0] as string[];
        if (flags.author !== undefined && files.length > 1)
          throw usage(
            '--author applies to one module',
            'give one FILE, or put each FILE.klp.yaml next to its module',
          );
        publicName('--release', flags.release);
        publicName('--owner', flags.owner);
        const key = flags.signKey === undefined ? {} : { key: readSignKey(flags.signKey) };
        const done: Published[] = [];
        for (const [i, file] of files.entries()) {
          environment.stderr.write(`[${i + 1}/${files.length}] ${clean(file)} `);
          const published = await publish(file, { ...flags, ...key }, registry);
          environment.stderr.write(
            `${clean([published.outcome, published.message].filter(Boolean).join(': '))}\n${published.details.map((detail) => `    ${clean(detail)}\n`).join('')}`,
          );
          done.push(published);
        }
        show(
          { schemaVersion: 1, dryRun: flags.dryRun ?? false, files: done },
          (width) => publishedTable(done, width),
          settings.output,
          environment.stdout,
        );
        return worst(done.map((each): ExitCode => each.exitCode ?? EXIT.YES));
      }),
    );

function publishedTable(done: readonly Published[], width: number | null): string {
  const rows = done.map((each) => [
    each.outcome,
    clean(each.name ?? '-'),
    clean(each.buildId ?? '-'),
    clean(each.file),
  ]);
  return table(
    [{ head: 'OUTCOME' }, { head: 'NAME' }, { head: 'BUILD-ID' }, { head: 'FILE', wrap: true }],
    rows,
    width,
  );
}
