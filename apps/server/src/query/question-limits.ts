import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { limitExceeded } from '../errors.js';

/**
 * Limits of a GraphQL document. The standard introspection query and all questions of the command line are
 * within.
 */
export const QUESTION_LIMITS = {
  /** Of the text, in characters; values belong in variables. */
  characters: 16_384,
  tokens: 1_000,
  /** Nesting of fields, fragments included. */
  depth: 16,
  aliases: 30,
  rootFields: 10,
  /** Fragments count once for each use. */
  fields: 1_000,
  /**
   * Fields times the sizes of the pages that they are on, and what `QUESTIONS` says. A page whose size is a
   * variable counts as the largest one.
   */
  cost: 50_000,
} as const;

/** The size of a selection. Each fragment counts wherever it is used. */
interface Size {
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly fields: number;
  readonly cost: number;
}

/**
 * Fields that count or judge hosts before they answer, with their cost in plain fields. `newestSafe`, and
 * `plan` to the newest release, cost this for each release that they try; `hosts` only with a filter.
 */
const QUESTIONS: Readonly<Record<string, number>> = {
  canDowngrade: 20,
  hosts: 20,
  fleet: 100,
  ages: 100,
  newestSafe: 20,
  canDeploy: 100,
  verdictCounts: 100,
  canary: 100,
  plan: 100,
  members: 20,
  drift: 200,
  recordDecision: 100,
  applyPolicy: 400,
  certificateHolds: 100,
  afterwards: 200,
  verdictChanged: 100,
  hostChanged: 100,
  transitionStalled: 100,
};

/** Subscriptions whose events list hosts, without a page size. */
const LISTS = ['hostChanged', 'transitionStalled'];

const NOTHING: Size = { depth: 0, aliases: 0, rootFields: 0, fields: 0, cost: 0 };
const DEFAULT_PAGE = 20;
const DEFAULT_TRIES = 10;
const MOST_TRIES = 20;
const LARGEST_PAGE = 100;

/**
 * Returns the cost of a document, or refuses it if it exceeds a limit, before it is validated. Of several
 * operations, the most expensive one counts.
 *
 * Each fragment is measured once for each page size around it, so that the work grows with the length of the
 * document, not with its expanded size.
 *
 * @throws RequestLimit with the name of the limit, what is allowed and what was found
 */
export function refuseTooMuch(document: DocumentNode): number {
  let cost = 0;
  const measure = new Measure(document);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const size = measure.selection(definition.selectionSet, DEFAULT_PAGE);
    for (const name of ['depth', 'aliases', 'rootFields', 'fields', 'cost'] as const)
      if (size[name] > QUESTION_LIMITS[name])
        throw limitExceeded(NAMES[name], QUESTION_LIMITS[name], size[name], '/query');
    cost = Math.max(cost, size.cost);
  }
  return cost;
}

const NAMES = {
  depth: 'levels of fields in a question',
  aliases: 'aliases in a question',
  rootFields: 'root fields in a question',
  fields: 'fields in a question',
  cost: 'fields in a question, times the sizes of their pages',
} as const;

class Measure {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly measured = new Map<string, Size>();
  private readonly open = new Set<string>();

  constructor(document: DocumentNode) {
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(definition.name.value, definition);
  }

  /** @param page the page size of the connection around */
  selection({ selections }: SelectionSetNode, page: number): Size {
    let sum = NOTHING;
    for (const one of selections) {
      if (one.kind === Kind.FIELD) sum = add(sum, this.field(one, page));
      else
        sum = add(
          sum,
          one.kind === Kind.INLINE_FRAGMENT
            ? this.selection(one.selectionSet, page)
            : this.fragment(one.name.value, page),
        );
    }
    return sum;
  }

  private field({ name, alias, arguments: given = [], selectionSet }: FieldNode, page: number): Size {
    const within = selectionSet === undefined ? NOTHING : this.selection(selectionSet, pageOf(given));
    const isPage = name.value === 'nodes' || name.value === 'edges';
    const times = isPage ? page : LISTS.includes(name.value) ? LARGEST_PAGE : 1;
    return {
      depth: within.depth + 1,
      aliases: within.aliases + (alias === undefined ? 0 : 1),
      rootFields: 1,
      fields: within.fields + 1,
      cost: within.cost * times + questionOf(name.value, given),
    };
  }

  /** Missing fragments, and those that contain themselves, are refused by validation. */
  private fragment(name: string, page: number): Size {
    const key = `${page} ${name}`;
    const known = this.measured.get(key);
    if (known !== undefined) return known;
    const definition = this.fragments.get(name);
    if (definition === undefined || this.open.has(name)) return NOTHING;
    this.open.add(name);
    const size = this.selection(definition.selectionSet, page);
    this.open.delete(name);
    this.measured.set(key, size);
    return size;
  }
}

const add = (a: Size, b: Size): Size => ({
  depth: Math.max(a.depth, b.depth),
  aliases: a.aliases + b.aliases,
  rootFields: a.rootFields + b.rootFields,
  fields: a.fields + b.fields,
  cost: a.cost + b.cost,
});

type Arguments = NonNullable<FieldNode['arguments']>;

/** The page size that a field asks for. */
const pageOf = (given: Arguments): number => numberIn(given, ['first', 'last'], DEFAULT_PAGE, LARGEST_PAGE);

/** The cost of a field without its selection. */
function questionOf(field: string, given: Arguments): number {
  const has = (argument: string) => given.some(({ name }) => name.value === argument);
  if (field === 'hosts' && !has('where')) return 1;
  const tries = field === 'newestSafe' || (field === 'plan' && has('newest'));
  return (QUESTIONS[field] ?? 1) * (tries ? numberIn(given, ['tries'], DEFAULT_TRIES, MOST_TRIES) : 1);
}

/** The number in one of these arguments, at most the largest one. A variable counts as the largest. */
function numberIn(given: Arguments, names: readonly string[], missing: number, largest: number): number {
  const value = given.find(({ name }) => names.includes(name.value))?.value;
  if (value === undefined) return missing;
  return value.kind === Kind.INT ? Math.min(largest, Math.max(1, Number(value.value))) : largest;
}
