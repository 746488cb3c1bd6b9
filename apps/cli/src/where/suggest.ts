import { FACT_KEYS, isFact, type Term } from '@klpreg/where';
import type { Environment } from '../environment.js';
import type { Registry } from '../registry/client.js';
import { HOSTS } from '../registry/generated/operations.js';
import { distance } from '../registry/nearest.js';
import { clean } from '../show/clean.js';
import { parseWhere } from './filter.js';

/** What people write for a fact, and how it is written. `…` stands for the value. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  release: 'running=release:…',
  livepatch: 'running=release:…',
  patch: 'running=name:…',
  module: 'running=name:…',
  name: 'hostname=…',
  host: 'hostname=…',
  'build-id': 'running=…',
  build: 'running=…',
  uname: 'kernel=…',
  'kernel-release': 'kernel=…',
  states: 'state=…',
  age: 'freshness=…',
  stale: 'freshness=stale',
  stalled: 'transition=stalled',
  evidence: 'weaker-than=…',
  version: 'agent=…',
};

/** The label keys of this number of hosts are compared with a misspelt one. */
const SAMPLE = 100;

/**
 * Returns a sentence for each label key of the selector that no host has. Ask for it if no host matched.
 *
 * @param labels keys that hosts have
 */
export function suggestions(terms: readonly Term[], labels: readonly string[]): string[] {
  return terms.map(({ key, values }) => {
    const named = Object.hasOwn(OTHER_NAMES, key) ? OTHER_NAMES[key]! : null;
    const known = [...FACT_KEYS, ...labels.map((label) => label.replace(/^agent\./, ''))];
    const [nearest] = known
      .map((word) => ({ word, far: distance(key, word) }))
      .toSorted((a, b) => a.far - b.far);
    const near =
      nearest !== undefined && nearest.far <= Math.max(1, key.length / 4) ? `${nearest.word}=…` : null;
    const written = (named ?? near)?.replace('…', values[0] ?? '…');
    return `no host has a label '${key}'${written === undefined ? '' : `; did you mean ${written}?`}`;
  });
}

/** Asks which label keys of the selector no host has. */
async function explainNoMatch(selector: string | undefined, registry: Registry): Promise<string[]> {
  const terms = (selector === undefined ? [] : parseWhere(selector)).filter(
    (term) => !isFact(term) && (term.operator === 'in' || term.operator === 'exists'),
  );
  if (terms.length === 0) return [];
  const counted = await Promise.all(
    terms.map(async (term) => ({
      term,
      page: (await registry.ask(HOSTS, { where: { labels: [{ key: term.key, exists: true }] }, first: 1 }))
        .hosts,
    })),
  );
  const unknown = counted.filter(({ page }) => page.totalCount === 0).map(({ term }) => term);
  if (unknown.length === 0) return [];
  const sample = (await registry.ask(HOSTS, { where: {}, first: SAMPLE })).hosts.nodes;
  return suggestions(unknown, [...new Set(sample.flatMap(({ labels }) => labels.map(({ key }) => key)))]);
}

/** Says which label keys of the selector no host has, if no host matched. */
export async function hintNoMatch(
  matched: number,
  selector: string | undefined,
  registry: Registry,
  environment: Environment,
): Promise<void> {
  if (matched > 0) return;
  // a hint that cannot be given changes no answer
  const hints = await explainNoMatch(selector, registry).catch(() => []);
  for (const hint of hints) environment.stderr.write(`${clean(hint)}\n`);
}
