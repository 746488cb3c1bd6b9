import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import { PATCH_DETAILS, type WholePatch } from '../registry/generated/operations.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { formatReplace, formatStates } from '../show/patches.js';
import { facts } from '../show/facts.js';
import type { Act } from './act.js';

/** `patch show`: shows one published patch. */
export const patchShow = (act: Act): Command =>
  new Command('show')
    .summary('show one published patch')
    .description('Shows one published patch: the facts from its file, and its author statement.')
    .argument('<patch>', 'a build-id, or a name that only one build has')
    .action(
      act(async ({ args, settings, environment, registry }) => {
        const words = args[0] as string;
        const asked = /^(?:[0-9a-f]{2}){8,64}$/i.test(words)
          ? { buildId: words.toLowerCase() }
          : { name: words.replaceAll('-', '_') };
        const { patch } = await registry.ask(PATCH_DETAILS, asked);
        if (patch === null)
          throw usage(`no patch '${words}' is published`, 'klpreg patch list shows published patches');
        show({ schemaVersion: 1, ...patch }, () => patchText(patch), settings.output, environment.stdout);
        return EXIT.YES;
      }),
    );

/**
 * Returns a row for each file. One build-id may have several files, because it does not cover the signature.
 */
function formatFiles({ files, sha256 }: WholePatch): [string, string][] {
  if (files.length === 0) return [['sha-256', sha256 ?? 'not recorded']];
  const signature = (file: WholePatch['files'][number]) =>
    file.signed ? `signed by ${file.signer ?? 'a key that cannot be read'}` : 'unsigned';
  return files.map((file, i) => [i === 0 ? 'sha-256' : '', `${file.sha256}, ${signature(file)}`]);
}

/** How the owner is known. */
const OWNERSHIP: Readonly<Record<string, string>> = {
  UNSIGNED: ', unsigned',
  SIGNED: ', signed',
  TRANSFERRED: ', transferred',
};

function patchText(patch: WholePatch): string {
  const { author, callbacks } = patch;
  const set =
    callbacks === null
      ? 'unknown'
      : Object.entries(callbacks)
          .filter(([, there]) => there)
          .map(([name]) => name)
          .join(', ') || 'none';
  return facts([
    ['name', patch.name],
    ['build-id', patch.buildId],
    ['release', `${patch.release} (owner: ${patch.owner}${OWNERSHIP[patch.ownership] ?? ''})`],
    ['kernel', `${patch.kernelRelease} ${patch.arch}`],
    ['replace', formatReplace(patch.replace)],
    [
      'states',
      patch.states === null
        ? `unreadable: ${patch.unreadable ?? 'reason not recorded'}`
        : formatStates(patch.states),
    ],
    ['impact', [patch.impact, ...patch.impactReasons].join('; ')],
    ['callbacks', set],
    [
      'patches',
      patch.objects
        .map(
          (object) =>
            `${object.name}: ` +
            object.functions
              .map((each) => (each.sympos === '0' ? each.name : `${each.name},${each.sympos}`))
              .join(' '),
        )
        .join('; '),
    ],
    ['evidence', patch.evidence],
    ...formatFiles(patch),
    ['', patch.rewritesEarlierStates ? 'may change the states of patches below it' : null],
    ['conflicts', patch.conflicts.join('; ') || null],
    [
      'recalled',
      patch.recalledAt === null ? null : `${patch.recalledAt}: ${patch.recallReason ?? 'no reason given'}`,
    ],
    [
      'author',
      author === null ? 'no statement' : `revision ${author.revision}, ${author.evidence}, ${author.at}`,
    ],
    ...(author?.states ?? []).map((state): [string, string] => [
      '',
      `state ${state.id}:${state.version} restore: ${state.restore.toLowerCase().replaceAll('_', '-')}. ` +
        state.what,
    ]),
    ['', author?.impactNone ? 'has no effect outside the functions that it replaces' : null],
    [
      '',
      author === null || author.independentOf.length === 0
        ? null
        : `independent of ${author.independentOf.join(', ')}`,
    ],
    ['', author === null || author.cves.length === 0 ? null : `fixes ${author.cves.join(', ')}`],
    ['', author?.notes ? clean(author.notes) : null],
  ]);
}
