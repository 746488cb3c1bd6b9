import {
  isWorse,
  kindOf,
  type NoReturn,
  type ResolvedSituation,
  type Verdict,
  type VerdictKind,
  type WayBack,
} from '@klpreg/compat';
import type { SituationCount } from '../store/counts/fleet-counts.js';
import type * as Sdl from './generated/schema.js';
import { countReasons } from './reason-counts.js';
import { addHosts, noHosts } from './verdict-counts.js';
import { reasonView } from './verdict-view.js';

/** Hosts in one situation, and what the installation means for them. */
export interface Installed {
  readonly count: SituationCount;
  /** Null if the hosts never reported. */
  readonly host: ResolvedSituation | null;
  /** The verdict on the installation. */
  readonly installing: Verdict;
  /** Empty if there is no build for the kernel, or the hosts never reported. */
  readonly ways: NoReturn['ways'];
}

/** The maximum length of each list of an answer. */
const MAX_ITEMS = 20;

const TARGETS = ['TODAY', 'ORIGINAL'] as const satisfies readonly Sdl.ReturnTo[];

/** Adds up what the installation means for all hosts. */
export function addUp(
  installed: readonly Installed[],
): Omit<Sdl.DeployVerdict, 'snapshot' | 'limitedByScope' | 'waivers' | 'whatIf'> {
  const counts = noHosts();
  let kind: VerdictKind = 'SAFE';
  let noReturn = 0;
  let withoutBuild = 0;
  let refusedInDoubt = 0;
  for (const { count, host, installing, ways } of installed) {
    const { hosts } = count;
    addHosts(counts, installing, hosts);
    if (isWorse(installing.kind, kind)) kind = installing.kind;
    if (ways.some(({ closed }) => closed)) noReturn += hosts;
    if (host !== null && ways.length === 0) withoutBuild += hosts;
    if (installing.kind === 'REFUSED' && isInDoubt(installing)) refusedInDoubt += hosts;
  }
  const verdicts = installed.map(({ count, installing }) => ({ count, verdict: installing }));
  return {
    kind: counts.total === 0 ? 'UNKNOWN' : kind,
    counts,
    matched: counts.total,
    refusedInDoubt,
    noReturn,
    withoutBuild,
    reasons: counted(verdicts),
    ways: TARGETS.map((to) => wayView(to, installed)),
  };
}

/** An UNKNOWN reason stands against it that the question does not allow. */
const isInDoubt = ({ reasons, allowed }: Verdict): boolean =>
  reasons.some((reason) => kindOf(reason) === 'UNKNOWN' && !allowed.includes(reason.code));

const counted = (verdicts: Parameters<typeof countReasons>[0]): Sdl.ReasonCount[] =>
  countReasons(verdicts)
    .slice(0, MAX_ITEMS)
    .map(({ reason, hosts }) => ({ reason: reasonView(reason), hosts }));

function wayView(to: Sdl.ReturnTo, installed: readonly Installed[]): Sdl.WayBack {
  const all = installed.flatMap(({ count, host, ways }) => {
    const way = ways.find((each) => each.to.kind === to);
    return way === undefined || host === null ? [] : [{ count, host, way }];
  });
  const lost = all.filter(({ way }) => way.closed);
  const sum = (rows: readonly { readonly count: SituationCount }[]) =>
    rows.reduce((hosts, { count }) => hosts + count.hosts, 0);
  return {
    to,
    openToday: sum(all.filter(({ way }) => way.open)),
    lost: sum(lost),
    states: inOrder(lost.flatMap(({ way }) => way.states)),
    reasons: counted(
      lost.map(({ count, way }) => ({ count, verdict: { ...way.afterwards, reasons: way.reasons } })),
    ),
    groups: groupsOf(lost),
  };
}

const inOrder = (states: readonly bigint[]): bigint[] =>
  [...new Set(states)].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));

function groupsOf(
  lost: readonly {
    readonly count: SituationCount;
    readonly host: ResolvedSituation;
    readonly way: WayBack;
  }[],
): Sdl.LostGroup[] {
  const groups = new Map<string, Sdl.LostGroup>();
  for (const { count, host, way } of lost) {
    const { kernelRelease, arch } = host.situation;
    const runs = host.list.map(({ name }) => name);
    const key = JSON.stringify([runs, kernelRelease, arch]);
    const known = groups.get(key);
    groups.set(key, {
      hosts: (known?.hosts ?? 0) + count.hosts,
      runs,
      kernelRelease,
      arch,
      states: inOrder([...((known?.states ?? []) as bigint[]), ...way.states]),
    });
  }
  return [...groups.values()]
    .toSorted((a, b) => b.hosts - a.hosts || (a.runs.join() < b.runs.join() ? -1 : 1))
    .slice(0, MAX_ITEMS);
}
