import { Command } from 'commander';
import { EXIT, usage } from '../exits.js';
import { ADD_HOST, LABEL_HOST, RETIRE_HOST } from '../registry/documents.js';
import { findHost } from '../registry/find-host.js';
import { clean } from '../show/clean.js';
import { show } from '../show/output.js';
import { labelsInWords } from '../show/patches.js';
import type { Act, Occasion } from './act.js';
import { collect } from './flags.js';

type Label = { key: string; value: string };
type Named = { id: string; hostname: string; labels: Label[] };

/** Makes hosts known, labels them, takes them out. Needs an admin token. */
export function host(act: Act): Command {
  const parent = new Command('host')
    .summary('add, label and retire hosts')
    .description('Makes hosts known before they report, labels them, takes them out. Needs an admin token.');
  return parent.addCommand(add(act)).addCommand(label(act)).addCommand(retire(act));
}

const add = (act: Act): Command =>
  new Command('add')
    .summary('make a host known before it reports')
    .description('Makes a host known before it reports: from now on it counts, as NEVER_REPORTED.')
    .argument('<hostname>')
    .option('--id <uuid>', 'the instance id that it will report with (default: made up)')
    .option('--label <key=value>', 'an authoritative label (repeatable)', collect, [])
    .action(
      act<{ id?: string; label: string[] }>(async (occasion) => {
        const { args, flags, registry } = occasion;
        const input = { hostname: args[0], labels: flags.label.map(labelFrom), ...(flags.id === undefined ? {} : { id: flags.id }) };
        return showNamed(occasion, (await registry.ask(ADD_HOST, { input })).addHost);
      }),
    );

const label = (act: Act): Command =>
  new Command('label')
    .summary("change a host's authoritative labels")
    .description("Sets and removes authoritative labels of a host; the others stay. A host's own words (agent.KEY) are not touched.")
    .argument('<host>', 'hostname or id')
    .argument('<changes...>', 'KEY=VALUE sets, KEY- removes')
    .action(
      act(async (occasion) => {
        const { args, registry } = occasion;
        const [words, changes] = args as [string, string[]];
        const found = await findHost(words, registry);
        const labels = new Map(found.labels.filter((each) => !each.key.startsWith('agent.')).map((each) => [each.key, each.value]));
        for (const change of changes) {
          if (change.includes('=') || !change.endsWith('-')) labels.set(labelFrom(change).key, labelFrom(change).value);
          else if (!labels.delete(change.slice(0, -1))) throw usage(`${found.hostname} has no authoritative label '${change.slice(0, -1)}'`);
        }
        return showNamed(occasion, (await registry.ask(LABEL_HOST, { id: found.id, labels: [...labels].map(([key, value]) => ({ key, value })) })).labelHost);
      }),
    );

const retire = (act: Act): Command =>
  new Command('retire')
    .summary('take a host out of every answer')
    .description('Takes a host out of every answer; its history is kept.')
    .argument('<host>', 'hostname or id')
    .requiredOption('--reason <text>', 'why')
    .action(
      act<{ reason: string }>(async ({ args, flags, registry, settings, world }) => {
        const found = await findHost(args[0] as string, registry);
        const { retireHost: retired } = await registry.ask(RETIRE_HOST, { id: found.id, reason: flags.reason });
        show({ schemaVersion: 1, ...retired }, () => clean(`${retired.hostname} is retired since ${retired.retiredAt}`), settings.output, world.stdout);
        return EXIT.YES;
      }),
    );

function labelFrom(text: string): Label {
  const [, key, value] = /^([A-Za-z0-9][A-Za-z0-9_./-]{0,62})=(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw usage(`'${text}' is not a label`, 'KEY=VALUE, such as env=prod; label names are 1 to 63 letters, digits and _ . / -');
  if (key.startsWith('agent.')) throw usage(`'${key}' is the host's own word; give it to its agent`);
  return { key, value };
}

function showNamed({ settings, world }: Occasion<unknown>, named: Named) {
  show({ schemaVersion: 1, ...named }, () => `${clean(named.hostname)}  ${clean(named.id)}  ${labelsInWords(named.labels)}`, settings.output, world.stdout);
  return EXIT.YES;
}
