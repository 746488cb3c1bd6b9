import { Command } from 'commander';
import { EXIT, worst } from '../exits.js';
import { readFileAsModule } from '../module/read-file.js';
import { asData, inspection, type Inspection } from '../module/inspection.js';
import { clean } from '../show/clean.js';
import { facts } from '../show/facts.js';
import { show } from '../show/output.js';
import { formatReplace, formatStates } from '../show/patches.js';
import type { Act } from './act.js';
import { helpText } from './help.js';

/** `patch inspect`: shows what modules declare, without a registry. */
export const patchInspect = (act: Act): Command =>
  new Command('inspect')
    .summary('show what modules declare (without a registry)')
    .description(
      'Parses livepatch modules, plain or compressed, and shows what they declare. Needs no registry.',
    )
    .argument('<file...>', '.ko, .ko.xz, .ko.zst, .ko.gz')
    .addHelpText('after', helpText('patch-inspect'))
    .action(
      act(async ({ args, settings, environment }) => {
        const inspections: Inspection[] = [];
        for (const file of args[0] as string[])
          inspections.push(inspection(file, await readFileAsModule(file)));
        show(
          inspections.map(asData),
          () => inspections.map(inspectionText).join('\n\n'),
          settings.output,
          environment.stdout,
        );
        for (const { file, error } of inspections)
          if (error !== null)
            environment.stderr.write(`${clean(`${file}: ${error.message} (${error.code})`)}\n`);
        return worst(inspections.map((each) => (each.error === null ? EXIT.YES : EXIT.NO)));
      }),
    );

function inspectionText({ file, facts: module, error }: Inspection): string {
  if (module === null)
    return `${clean(file)}\n${facts([['error', `${error?.message} (${error?.code})`]], '  ')}`;
  const callbacks =
    module.callbacks === null
      ? 'unknown'
      : Object.entries(module.callbacks)
          .filter(([, set]) => set)
          .map(([name]) => name)
          .join(', ') || 'none';
  return [
    clean(file),
    facts(
      [
        ['name', `${module.name}${module.livepatch ? '' : ' (not a livepatch)'}`],
        ['build-id', module.buildId ?? 'none'],
        ['sha-256', module.sha256],
        ['kernel', `${module.kernelRelease ?? 'unknown'} ${module.arch}`],
        ['builder', module.builder.toLowerCase()],
        ['signature', formatSignature(module)],
        ['content', module.signed ? `${module.contentSha256} (SHA-256 without the signature)` : null],
        ['replace', formatReplace(module.replace)],
        [
          'states',
          module.states === null
            ? `unreadable: ${module.unreadable?.text} (${module.unreadable?.code})`
            : formatStates(module.states),
        ],
        ['impact', module.impact],
        ...module.impactReasons
          .filter((reason) => !reason.startsWith(`${module.unreadable?.code}:`))
          .map((reason): [string, string] => ['', reason]),
        ['callbacks', callbacks],
        [
          'rewrites',
          module.rewritesEarlierStates
            ? `states of the patches below it: ${module.rewriteReason?.text}`
            : null,
        ],
        ...module.malformedSymbols.map((name, i): [string, string] => [i === 0 ? 'malformed' : '', name]),
        ['patches', module.objects === null ? 'unknown' : null],
        ...(module.objects ?? []).map((object, i): [string, string] => [
          i === 0 ? 'patches' : '',
          `${formatObject(object)}: ${object.functions.map(formatFunction).join(' ') || 'no function'}`,
        ]),
      ],
      '  ',
    ),
  ].join('\n');
}

const formatSignature = ({ signed, signer, signatureProblem }: NonNullable<Inspection['facts']>): string => {
  if (!signed) return 'none';
  return signatureProblem === null ? `by ${signer}` : `cannot be read: ${signatureProblem}`;
};

/**
 * An object whose name is spelled `vmlinux` is not the kernel, which has no name (`klp_object.name` is NULL).
 */
const formatObject = ({ name, spelled }: { name: string; spelled: string | null }): string =>
  spelled === 'vmlinux' ? `${name} (spelled out: no module of that name is ever loaded)` : name;

const formatFunction = ({ name, sympos }: { name: string; sympos: string }): string =>
  sympos === '0' ? name : `${name},${sympos}`;
