import { FACT_KEYS, FACT_WORDS, formatWhere } from '@klpreg/where';

/** What the registry knows of the hosts that the person may see. */
export interface Known {
  readonly labels: readonly { readonly key: string; readonly value: string }[];
  /** Values of facts, such as the kernels. */
  readonly facts: Readonly<Record<string, readonly string[]>>;
}

/** A longer list is no help in choosing. */
const MOST = 100;
/** Longer values are left out, because a list shows them whole. */
const LONGEST = 200;
/** A host's own label counts also without this, as the registry reads `where`. */
const AGENT = /^agent\./;

const term = (key: string, isLabel: boolean, value: string): string =>
  formatWhere([{ key, isLabel, operator: 'in', values: [value] }]);

/** The terms that a person may mean, by their keys: labels first. */
function termsByKey({ labels, facts }: Known): Map<string, Set<string>> {
  const terms = new Map<string, Set<string>>();
  for (const { key: whole, value } of labels) {
    const key = whole.replace(AGENT, '');
    const isLabel = FACT_KEYS.includes(key);
    const name = isLabel ? `label:${key}` : key;
    const ofKey = terms.get(name) ?? new Set();
    if (value.length <= LONGEST) ofKey.add(term(key, isLabel, value));
    terms.set(name, ofKey);
  }
  for (const key of FACT_KEYS)
    terms.set(key, new Set((facts[key] ?? FACT_WORDS[key] ?? []).map((value) => term(key, false, value))));
  return terms;
}

/** Within a list of values or quotes, nothing is completed. */
const isOpen = (text: string): boolean =>
  text.split('(').length !== text.split(')').length || text.split('"').length % 2 === 0;

/** Returns whole texts of `where` that begin with what is typed: a key for the last term, else its value. */
export function completionsOf(text: string, known: Known): string[] {
  if (isOpen(text)) return [];
  const typed = text.slice(text.lastIndexOf(',') + 1).trimStart();
  const before = text.slice(0, text.length - typed.length);
  const terms = termsByKey(known);
  const key = typed.includes('=') ? typed.slice(0, typed.indexOf('=')) : null;
  const candidates = key === null ? [...terms.keys()].map((name) => `${name}=`) : [...(terms.get(key) ?? [])];
  return candidates
    .filter((one) => one !== typed && one.toLowerCase().startsWith(typed.toLowerCase()))
    .slice(0, MOST)
    .map((one) => before + one);
}
