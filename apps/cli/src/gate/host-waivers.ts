import { EXIT, Failure } from '../exits.js';
import type { Registry } from '../registry/client.js';
import {
  CAN_DOWNGRADE,
  type TargetInput,
  type Verdict,
  type Waiver,
  WAIVERS,
  type WholeHost,
} from '../registry/generated/operations.js';
import { gather } from '../registry/pages.js';
import type { QuestionVariables } from './question.js';

/** The waivers that accept reasons of a host, and what a gate decides with them. */
export interface HostWaivers {
  readonly waivers: readonly Pick<Waiver, 'id' | 'owner' | 'codes' | 'reason' | 'expiresAt'>[];
  /** The selector that a gate needs, so that it asks for no hosts without the waivers. */
  readonly where: string;
  /** With them, no reason is left against the host. */
  readonly accepted: boolean;
}

/** The maximum number of active waivers that are looked at. */
const MAX_WAIVERS = 1_000;

/**
 * Looks for waivers that accept UNKNOWN reasons of a host. The registry then answers as it does for a gate
 * that selects this host by the labels of the waivers.
 *
 * @returns null if there is none, or if the token may not read waivers
 */
export async function waiversFor(
  host: Pick<WholeHost, 'id' | 'labels'>,
  verdict: Verdict,
  question: QuestionVariables & { readonly to: TargetInput },
  registry: Registry,
): Promise<HostWaivers | null> {
  // a waiver changes no other answer
  if (verdict.accepted || verdict.kind !== 'UNKNOWN') return null;
  const codes = verdict.reasons.filter(({ kind }) => kind === 'UNKNOWN').map(({ code }) => code);
  const labels = new Map(host.labels.map(({ key, value }) => [key, value]));
  const isFor = ({ selector, codes: accepts }: Waiver): boolean =>
    accepts.some((code) => codes.includes(code)) &&
    selector.every(({ key, values }) => values.includes(labels.get(key) ?? ''));
  const waivers = (await activeWaivers(registry)).filter(isFor);
  if (waivers.length === 0) return null;
  const keys = [...new Set(waivers.flatMap(({ selector }) => selector.map(({ key }) => key)))];
  const where = {
    ids: [host.id],
    labels: keys.map((key) => ({ key, in: [labels.get(key)!] })),
    authoritativeLabels: true,
  };
  const { canDowngrade } = await registry.ask(CAN_DOWNGRADE, { ...question, where, first: 1 });
  const used = new Set(canDowngrade.waivers.map(({ id }) => id));
  if (used.size === 0) return null;
  return {
    waivers: waivers
      .filter(({ id }) => used.has(id))
      .map(({ id, owner, codes: accepts, reason, expiresAt }) => ({
        id,
        owner,
        codes: accepts,
        reason,
        expiresAt,
      })),
    where: keys.map((key) => `${key}=${labels.get(key)!}`).join(','),
    accepted: canDowngrade.counts.accepted === 1,
  };
}

async function activeWaivers(registry: Registry): Promise<readonly Waiver[]> {
  try {
    const { nodes } = await gather(
      async (first, after) =>
        (await registry.ask(WAIVERS, { where: { active: true }, first, after })).waivers,
      MAX_WAIVERS,
    );
    return nodes;
  } catch (error) {
    if (error instanceof Failure && error.exit === EXIT.NOT_AUTHORISED) return [];
    throw error;
  }
}
