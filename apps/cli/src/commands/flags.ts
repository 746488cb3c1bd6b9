import { canBeAllowed, REASON_CODES } from '@klpreg/compat';
import { Option } from 'commander';
import { EVIDENCE, ROUTES, RULES } from '../gate/question.js';

/** Codes of reasons that can be accepted. */
export const ALLOWABLE = REASON_CODES.filter(canBeAllowed);

/** Argument parser for a repeatable flag. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** Names the values of an option in its help and its completion. The command checks them itself. */
export function withValues(option: Option, values: readonly string[]): Option {
  option.argChoices = [...values];
  return option;
}

/** The flag for an instant in the past. */
export const AS_OF_OPTION = (): Option =>
  new Option(
    '--as-of <time>',
    'a time in the past: an instant with its offset, such as 2026-11-24T10:00:00Z, or an age: 15m, 2h, 3d',
  );

/** The flag for the owner of a target that is a file. */
export const OWNER_OPTION = (): Option =>
  new Option(
    '--owner <name>',
    'with a file as the target: whose patch it is (default: an owner that owns no published patch)',
  );

/** The flags that select the hosts of a gate. */
export const HOST_OPTIONS = (): Option[] => [
  new Option('--where <selector>', "which hosts, such as 'env=prod,role in (web,api)' (default: all)"),
  new Option(
    '--authoritative-labels',
    'match only labels from enrolment or an admin, not those that agents report',
  ),
];

/** The flags of a question, the same for a fleet and for one host. */
export const QUESTION_OPTIONS = (): Option[] => [
  withValues(
    new Option('--route <route>', 'the only route to consider, or "best" for the cheapest acceptable one'),
    [...ROUTES, 'best'],
  ),
  new Option(
    '--max-age <time>',
    'the maximum age of facts; older ones make a verdict UNKNOWN ' +
      '(default: as the policy says, else the maximum: five intervals of the agents)',
  ),
  withValues(
    new Option(
      '--min-evidence <evidence>',
      'how well states must be known (default: as the policy says, else module)',
    ),
    EVIDENCE,
  ),
  withValues(new Option('--rules <rules>', "judge under these rules instead of each kernel's own"), RULES),
  withValues(
    new Option(
      '--allow <code>',
      'accept this UNKNOWN reason (repeatable); stale facts, conflicts and unreadable states are never ' +
        'accepted',
    )
      .argParser(collect)
      .default([], 'as the policy says, else none'),
    ALLOWABLE,
  ),
  new Option(
    '--witnesses <number>',
    'the number of machines that must have run a build on the same kernel, 2 to 5 (default: 2)',
  ),
  new Option(
    '--shared-signing-keys',
    'all machines trust the same signing keys: a signature that one of them verified counts for all',
  ),
  new Option('--leaving <name>', 'a patch to disable when a non-cumulative target is loaded (repeatable)')
    .argParser(collect)
    .default([], 'none'),
];
