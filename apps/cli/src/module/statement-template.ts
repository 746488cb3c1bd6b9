import type { ModuleReading } from '@klpreg/module';
import { clean } from '../show/clean.js';

/**
 * Returns an author statement for a module, with its states filled in and each field explained.
 *
 * What only the author knows is left empty, so that the statement is not valid before it is filled in.
 */
export function statementTemplate(file: string, reading: ModuleReading): string {
  const unpatches =
    reading.objects?.some(({ callbacks }) => callbacks.preUnpatch || callbacks.postUnpatch) ?? null;
  return [
    `# Author statement on ${clean(reading.name)}, build-id ${reading.buildId ?? 'none'}.`,
    '# Fill in each empty field, then check the statement:',
    `#   klpreg patch lint ${clean(file)}`,
    'schema: klp/v1',
    '',
    '# The states of the system that the livepatch modifies, as its klp_state array declares them.',
    '#   what     what the state is, in one line, for a person who must decide at night',
    '#   restore  what disabling the livepatch does about the state:',
    '#     callbacks   its unpatch callbacks restore it; this counts for SAFE once the statement is signed',
    '#     not-needed  it may stay modified without harm',
    '#     impossible  nothing restores it before a reboot',
    '#     unknown     not known',
    ...(unpatches === false
      ? ['# The module has no unpatch callback, so that callbacks would be wrong.']
      : []),
    ...statesOf(reading),
    '',
    '# Remove the # only if the livepatch has no effect outside of the functions that it patches, and gives',
    '# no existing data another meaning. It contradicts a list of states.',
    '# stateImpact: none',
    '',
    '# The CVEs that the livepatch fixes, such as [CVE-2026-12345]. They would be open again without it.',
    'cves: []',
    '',
    '# Names of livepatches that can be disabled or kept independently of this one.',
    'independentOf: []',
    '',
    '# Operations that you do not support on a running system: load, disable, replace.',
    'unsupported: []',
    '',
    '# Anything else that an operator should know.',
    "notes: ''",
    '',
  ].join('\n');
}

function statesOf({ states, unreadable }: ModuleReading): string[] {
  if (states === null)
    return [
      `# They cannot be read from the module: ${clean(unreadable?.text ?? 'unknown')}. List them yourself:`,
      '#   - id: 1',
      '#     version: 1',
      '#     what: ',
      '#     restore: unknown',
      'states: []',
    ];
  if (states.length === 0) return ['states: [] # the module declares none'];
  return [
    'states:',
    ...states.flatMap(({ id, version }) => [
      `  - id: ${id}`,
      `    version: ${version}`,
      '    what:',
      '    restore: unknown',
    ]),
  ];
}
