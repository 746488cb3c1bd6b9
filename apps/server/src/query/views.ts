import {
  type Catalog,
  clearedBy,
  errnoOf,
  explain,
  freshness,
  help,
  kindOf,
  type KnownPatch,
  type ListedPatch,
  loadedName,
  type Reason,
  resolveSituation,
  resolvePatch,
  type ResolvedSituation,
  type Situation,
  type Verdict,
} from '@klpreg/compat';
import { chooseRules } from '@klpreg/compat';
import { conflictsOf, type StoredPatch } from '../store/catalog/manifests.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import { latestPlausible } from '../store/hosts/hosts-at.js';
import type { HostRow } from '../store/hosts/hosts.store.js';
import type { Labels } from '../store/content/labels.store.js';
import type { AsOf } from '../store/history/as-of.js';
import type * as Sdl from './generated/schema.js';
import { toId } from './ids.js';
import { RULE_SET_NAMES } from './question.js';

/** The objects that GraphQL reads: plain and complete, so that no item of a list needs a resolver call. */

/** Memoizes a view by its source. Verdicts, reasons and rows never change, and many questions show the same ones. */
function memoized<Thing extends object, View>(make: (thing: Thing) => View): (thing: Thing) => View {
  const views = new WeakMap<Thing, View>();
  return (thing) => {
    const known = views.get(thing);
    if (known !== undefined) return known;
    const view = make(thing);
    views.set(thing, view);
    return view;
  };
}

export const labelViews = (labels: Labels): Sdl.Label[] =>
  Object.keys(labels)
    .toSorted()
    .map((key) => ({ key, value: labels[key]! }));

const stateViews = (states: readonly Sdl.PatchState[] | null): Sdl.PatchState[] | null =>
  states?.map(({ id, version }) => ({ id, version })) ?? null;

export const reasonView = memoized((reason: Reason): Sdl.Reason => {
  const {
    code,
    patch = null,
    buildId = null,
    stateId = null,
    have = null,
    need = null,
    other = null,
    function: redirected = null,
    route = null,
    detail = null,
  } = reason;
  const kind = kindOf(reason);
  return {
    code,
    kind,
    clearedBy: clearedBy(reason),
    errno: kind === 'REFUSED' ? errnoOf(reason) : null,
    patch,
    buildId,
    stateId,
    have,
    need,
    other,
    function: redirected,
    route,
    detail,
    text: explain(reason),
    help: `libs/compat/${help(code)}`,
  };
});

const rulesView = (rules: Verdict['rules']): Sdl.RulesChoice => ({
  sets: rules.sets.map((set) => RULE_SET_NAMES[set]),
  basis: rules.basis,
});

const KINDS = ['REFUSED', 'UNSAFE', 'UNKNOWN', 'ADVISORY'];

export const verdictView = memoized((verdict: Verdict): Sdl.Verdict => {
  const {
    kind,
    route,
    steps,
    price,
    searched = null,
    reasons,
    basedOnStaleFacts,
    errno,
    allowed,
    accepted,
    rules,
  } = verdict;
  const worstFirst = reasons.toSorted((a, b) => KINDS.indexOf(kindOf(a)) - KINDS.indexOf(kindOf(b)));
  return {
    kind,
    route,
    steps: steps.map(({ action, patch, buildId = null, sha256 = null }) => ({
      action,
      patch,
      buildId,
      sha256,
    })),
    price,
    searched,
    reasons: worstFirst.map(reasonView),
    basedOnStaleFacts,
    errno,
    allowed,
    accepted,
    rules: rulesView(rules),
  };
});

export type PatchView = Sdl.Patch & { readonly __typename: 'Patch' };

export const patchView = memoized((row: StoredPatch): PatchView => {
  const { author } = row;
  return {
    __typename: 'Patch',
    id: toId('Patch', row.buildId),
    buildId: row.buildId,
    name: row.name,
    release: row.release,
    owner: row.owner,
    kernelRelease: row.kernelRelease,
    arch: row.arch,
    vermagic: row.vermagic,
    sha256: row.sha256,
    files: row.files,
    rewritesEarlierStates: row.rewritesEarlierStates,
    srcversion: row.srcversion,
    builder: row.builder,
    replace: row.replace,
    states: stateViews(row.states),
    unreadable: row.unreadable,
    impact: row.impact,
    impactReasons: row.impactReasons,
    callbacks: row.callbacks,
    objects: row.objects ?? [],
    evidence: row.evidence,
    conflicts: conflictsOf(row),
    author:
      author === null
        ? null
        : {
            ...author.statement,
            revision: author.revision,
            evidence: author.evidence,
            signedBy: author.key,
            at: author.at,
          },
    publishedAt: row.publishedAt,
    recalledAt: row.recalledAt,
    recallReason: row.recallReason,
  };
});

type Patches = ReadonlyMap<string, PatchView>;
const patchOf = (buildId: string | null, patches: Patches): PatchView | null =>
  buildId === null ? null : (patches.get(buildId) ?? null);

const listedView = (known: KnownPatch, listed: ListedPatch, patches: Patches): Sdl.ListedPatch => ({
  name: known.name,
  buildId: known.buildId,
  enabled: known.enabled,
  transition: known.transition,
  replace: known.replace,
  states: stateViews(known.states),
  evidence: known.states === null ? null : known.evidence,
  moduleState: listed.moduleState,
  moduleTaint: listed.moduleTaint,
  file: listed.file,
  patch: patchOf(known.buildId, patches),
});

export const stackView = (
  situation: Situation | undefined,
  catalog: Catalog,
  patches: Patches,
): Sdl.ListedPatch[] =>
  (situation?.list ?? []).map((listed) => listedView(resolvePatch(listed, catalog), listed, patches));

/** The history of a boot, and the settings that decide whether the host can load a module. */
type BootFields = 'bootHistory' | 'historyTooLong' | 'gates' | 'otherLivePatching' | 'unread';
const bootView = (situation: Situation | undefined): Pick<Sdl.Host, BootFields> => ({
  bootHistory: situation?.bootHistory ?? null,
  historyTooLong: situation?.historyTooLong ?? false,
  gates:
    situation === undefined
      ? null
      : {
          ...situation.gates,
          signatureEnforced: situation.capabilities.signatureEnforced,
          lockdown: situation.capabilities.lockdown,
        },
  otherLivePatching: situation?.otherLivePatching ?? [],
  unread: situation?.unread ?? [],
});

/** Fields that no verdict reads. They are current; for an earlier time, those about patches that were listed then. */
const detailView = (
  { detail }: HostRow,
  resolved: ResolvedSituation | null,
): Pick<Sdl.Host, 'inactive' | 'warnings'> => ({
  inactive: (detail.inactive ?? []).filter(({ patch }) =>
    resolved?.list.some(({ name }) => name === loadedName(patch)),
  ),
  warnings: detail.warnings ?? [],
});

/** A host without `canDowngrade`, which its resolver answers from `row`, `asOf` and `view`. */
export type HostView = Omit<Sdl.Host, 'canDowngrade'> & {
  readonly __typename: 'Host';
  readonly row: HostRow;
  readonly asOf: AsOf;
  readonly view: CatalogSnapshot;
};

export function hostView(
  row: HostRow,
  situation: Situation | undefined,
  catalog: Catalog,
  patches: Patches,
  intervalSeconds: number,
  asOf: AsOf,
  view: CatalogSnapshot,
): HostView {
  const ahead = row.confirmedAt !== null && !asOf.past && row.confirmedAt > latestPlausible(asOf.now);
  const ageSeconds =
    ahead || row.confirmedAt === null || row.situationId === null
      ? null
      : Math.max(0, (asOf.now.getTime() - row.confirmedAt.getTime()) / 1000);
  const resolved = situation === undefined ? null : resolveSituation(situation, catalog);
  const open = resolved?.inTransition ?? null;
  const seen = row.detail.transition?.patch === open?.name ? row.detail.transition : null;
  const choice =
    situation === undefined
      ? { candidates: [], basis: 'NOTHING' as const }
      : chooseRules(situation.capabilities, situation.kernelRelease);
  return {
    __typename: 'Host',
    id: toId('Host', row.id),
    instance: row.id,
    hostname: row.hostname,
    labels: labelViews(row.labels),
    bootId: row.bootId,
    kernelRelease: situation?.kernelRelease ?? null,
    kernelVersion: situation?.kernelVersion ?? null,
    arch: situation?.arch ?? null,
    stack: resolved?.list.map((known, i) => listedView(known, resolved.situation.list[i]!, patches)) ?? [],
    leftovers: (situation?.leftovers ?? []).map(({ name, buildId, referenced, pinned, moduleState }) => ({
      name,
      buildId,
      moduleState,
      referenced,
      pinned,
      patch: patchOf(buildId, patches),
    })),
    unlisted: (resolved?.unlisted ?? []).map(({ known, unlistedBy }) => ({
      name: known.name,
      buildId: known.buildId,
      unlistedBy,
      patch: patchOf(known.buildId, patches),
    })),
    transition:
      open === null
        ? null
        : {
            patch: open.name,
            enabling: open.enabled,
            since: seen?.since == null ? null : new Date(seen.since),
            tasks: seen?.tasks ?? [],
            moreTasks: seen?.moreTasks ?? 0,
          },
    freshness: {
      level: ahead ? 'LOST' : freshness(ageSeconds, intervalSeconds).level,
      ageSeconds,
      confirmedAt: row.confirmedAt,
      contactAt: row.contactAt,
      superseded: row.superseded,
    },
    ...bootView(situation),
    ...detailView(row, resolved),
    suspect: row.suspect,
    rules: rulesView({ sets: choice.candidates.map((rules) => rules.name), basis: choice.basis }),
    retiredAt: row.retiredAt,
    retiredBy: row.retiredBy,
    row,
    asOf,
    view,
  };
}
