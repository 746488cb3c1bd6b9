import { Option } from 'commander';

/** For a flag that may be given several times. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** The flag that asks of an instant in the past. */
export const AS_OF_OPTION = (): Option =>
  new Option('--as-of <time>', 'ask of the past: an instant with its offset, such as 2026-11-24T10:00:00Z, or so long ago: 15m, 2h, 3d');

/** The flags that say how a question is asked; the same for a fleet and for one host. */
export const QUESTION_OPTIONS = (): Option[] => [
  new Option('--route <route>', 'the only route that may be taken, or "best": the cheapest acceptable of all'),
  new Option('--max-age <time>', 'facts confirmed longer ago than this cannot be relied on (default: 15m)'),
  new Option('--min-evidence <evidence>', 'how well states must be known: live, module, manifest, unsigned, inferred (default: module)'),
  new Option('--rules <rules>', "judge under these rules instead of each kernel's own: none, klp-5.5, block-disable, replace-set"),
  new Option('--allow <code>', 'accept this UNKNOWN reason (repeatable); facts in doubt, conflicts and unreadable states never are accepted')
    .argParser(collect)
    .default([], 'none'),
  new Option('--witnesses <number>', 'machines that must have shown a build on the same kernel, 2 to 5 (default: 2)'),
  new Option('--shared-signing-keys', 'all machines trust the same signing keys: what some of them verified is good on each'),
  new Option('--leaving <name>', 'a patch that leaves when a non-cumulative target is loaded (repeatable)').argParser(collect).default([], 'none'),
];
