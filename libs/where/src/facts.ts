import type { HostExclusion, HostFilter } from './generated/host-filter.js';
import { instantFrom } from './instant.js';
import type { Term } from './parse.js';

/** What a term about a fact adds to the filter, or why it cannot. */
export type Fact =
  | { readonly where: Partial<HostFilter> }
  | { readonly not: HostExclusion }
  | { readonly wrong: string };

type Reader = (term: Term, now: number) => Fact;

const LEVELS = ['fresh', 'late', 'stale', 'lost', 'never'] as const;
const EVIDENCE = ['live', 'module', 'manifest', 'unsigned', 'inferred'] as const;
const IMPACTS = ['none', 'declared', 'undeclared', 'unreadable'] as const;
const TRANSITIONS = ['open', 'stalled', 'none'] as const;
const BOOTS = ['same', 'other', 'unknown'] as const;
const YES_OR_NO = ['yes', 'no'] as const;
const BUILD_ID = /^(?:[0-9a-f]{2}){8,64}$/;

/** Facts of a host that are no labels, by the key of a selector. */
export const FACTS: Readonly<Record<string, Reader>> = {
  hostname: listed((values) => ({ hostnames: values })),
  id: listed((values) => ({ ids: values })),
  kernel: negated(kernels),
  arch: negated((values) => ({ archs: values })),
  running: negated(running),
  state: (term) => (term.operator === 'in' && term.values.length === 1 ? state(term.values[0]!) : only(term)),
  impact: negated((values) => words(values, IMPACTS, (impacts) => ({ impacts }))),
  'weaker-than': listed((values) =>
    values.length > 1
      ? 'takes one kind of evidence'
      : words(values, EVIDENCE, ([evidence]) => ({ evidenceWeakerThan: evidence! })),
  ),
  freshness: listed((values) => words(values, LEVELS, (freshness) => ({ freshness }))),
  transition: listed((values) =>
    values.length > 1
      ? 'takes one of open, stalled and none'
      : words(values, TRANSITIONS, ([transition]) => ({ transition: transition! })),
  ),
  boot: negated((values) => words(values, BOOTS, (boot) => ({ boot }))),
  patches: listed(([value, ...more]) => (more.length > 0 ? PATCHES : patches(value!))),
  agent: listed((values) => ({ agentVersions: values })),
  'agent-below': listed(([value, ...more]) =>
    more.length > 0 ? 'takes one version' : { agentVersionBelow: value! },
  ),
  changed: (term, now) =>
    term.operator === 'in' && term.values.length === 1 ? changed(term.values[0]!, now) : only(term),
  leftovers: yesOrNo('leftovers'),
  forced: yesOrNo('forcedTransition'),
  suspect: yesOrNo('suspect'),
  superseded: yesOrNo('superseded'),
  conflicts: yesOrNo('conflicts'),
  'shared-states': yesOrNo('sharedStates'),
  unpublished: yesOrNo('unpublished'),
};

/** The keys of facts. */
export const FACT_KEYS: readonly string[] = Object.keys(FACTS);

/** The values of the facts that have few, for programs that complete what a person types. */
export const FACT_WORDS: Readonly<Record<string, readonly string[]>> = {
  impact: IMPACTS,
  'weaker-than': EVIDENCE,
  freshness: LEVELS,
  transition: TRANSITIONS,
  boot: BOOTS,
  leftovers: YES_OR_NO,
  forced: YES_OR_NO,
  suspect: YES_OR_NO,
  superseded: YES_OR_NO,
  conflicts: YES_OR_NO,
  'shared-states': YES_OR_NO,
  unpublished: YES_OR_NO,
};

/** A text says what is wrong. */
type Values<Part> = (values: string[]) => Part | string;

const only = ({ key }: Term, more = ''): Fact => ({
  wrong: `${key} is not a label: only ${key}=…${more} is allowed; for a label, write label:${key}`,
});

function listed(read: Values<Partial<HostFilter>>): Reader {
  return (term) => {
    if (term.operator !== 'in') return only(term, ` and ${term.key} in (…)`);
    const where = read([...term.values]);
    return typeof where === 'string' ? { wrong: `${term.key} ${where}` } : { where };
  };
}

function negated(read: Values<HostExclusion>): Reader {
  return (term) => {
    if (term.operator !== 'in' && term.operator !== 'notIn')
      return only(term, `, ${term.key}!=…, ${term.key} in (…) and ${term.key} notin (…)`);
    const part = read([...term.values]);
    if (typeof part === 'string') return { wrong: `${term.key} ${part}` };
    return term.operator === 'in' ? { where: part } : { not: part };
  };
}

function yesOrNo(
  field:
    | 'leftovers'
    | 'forcedTransition'
    | 'suspect'
    | 'superseded'
    | 'conflicts'
    | 'sharedStates'
    | 'unpublished',
): Reader {
  return ({ key, operator, values }) => {
    if (operator === 'exists' || operator === 'absent') return { where: { [field]: operator === 'exists' } };
    const [value] = values;
    const isOne = values.length === 1 && (value === 'yes' || value === 'no');
    return isOne && operator === 'in'
      ? { where: { [field]: value === 'yes' } }
      : { wrong: `${key} is yes or no: write ${key}=yes, ${key}=no, ${key} or !${key}` };
  };
}

/** Words of the schema in the spelling of selectors, which ignores the case. */
function words<const Word extends string, Part>(
  values: readonly string[],
  allowed: readonly Word[],
  make: (words: Uppercase<Word>[]) => Part,
): Part | string {
  const wrong = values.find((value) => !allowed.some((word) => word === value.toLowerCase()));
  return wrong === undefined
    ? make(values.map((value) => value.toUpperCase() as Uppercase<Word>))
    : `has no value '${wrong}'; write one of ${allowed.join(', ')}`;
}

function kernels(values: string[]): { kernelReleases: string[] } | { kernelPrefix: string } | string {
  const [first] = values;
  if (!values.some((value) => value.includes('*'))) return { kernelReleases: values };
  return values.length === 1 && /^[^*]+\*$/.test(first!)
    ? { kernelPrefix: first!.slice(0, -1) }
    : 'takes one prefix with * at its end, such as kernel=6.12.*, or whole releases';
}

const RUNNING = 'takes a build-id (16 to 128 lower-case hexadecimal digits), release:NAME or name:NAME';

function running(
  values: string[],
): { running: string } | { runningReleases: string[] } | { runningNames: string[] } | string {
  const after = (prefix: string) =>
    values.every((value) => value.startsWith(prefix) && value.length > prefix.length)
      ? values.map((value) => value.slice(prefix.length))
      : null;
  const [releases, names] = [after('release:'), after('name:')];
  if (releases !== null) return { runningReleases: releases };
  if (names !== null) return { runningNames: names };
  return values.length === 1 && BUILD_ID.test(values[0]!) ? { running: values[0]! } : RUNNING;
}

/** `7`, `7:2`, `7:2+` or `7:2-`. */
function state(text: string): Fact {
  const [, id, version, bound] = /^(\d{1,20})(?::(\d{1,10})([+-]?))?$/.exec(text) ?? [];
  if (id === undefined)
    return { wrong: `state takes an id, or an id with a version: 7, 7:2, 7:2+ or 7:2-, found '${text}'` };
  const field = bound === '+' ? 'minVersion' : bound === '-' ? 'maxVersion' : 'version';
  return { where: { states: [{ id, ...(version !== undefined && { [field]: Number(version) }) }] } };
}

function changed(text: string, now: number): Fact {
  const since = instantFrom(text, now);
  return 'wrong' in since
    ? { wrong: `changed: ${since.wrong}; ${since.hint}` }
    : { where: { changedSince: since.instant } };
}

const PATCHES = 'takes a number of patches: 0, 2, 2+ or 1-3';

function patches(text: string): Partial<HostFilter> | string {
  const [, least, most] = /^(\d{1,4})(?:-(\d{1,4})|\+)?$/.exec(text) ?? [];
  if (least === undefined) return PATCHES;
  const to = text.endsWith('+') ? null : Number(most ?? least);
  return { minPatches: Number(least), ...(to !== null && { maxPatches: to }) };
}
