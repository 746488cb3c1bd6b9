import { usage } from '../exits.js';
import type { Registry } from '../registry/client.js';
import { LIST_VERDICTS, type VerdictKind } from '../registry/generated/operations.js';
import { KINDS } from '../registry/kinds.js';
import { gather } from '../registry/pages.js';
import type { Asked } from './ask.js';
import { wrongPointInTime } from './point-in-time.js';

/** A host with its verdict. */
export interface ListedHost {
  readonly id: string;
  readonly hostname: string;
  readonly kind: VerdictKind;
  readonly errno: string | null;
  readonly route: string | null;
}

/** Parses the value of `--list`. */
export function kindFrom(text: string): VerdictKind {
  const kind = KINDS.find((each) => each === text.toUpperCase());
  if (kind === undefined)
    throw usage(
      `--list: '${text}' is no kind of verdict`,
      `write one of ${KINDS.map((each) => each.toLowerCase()).join(', ')}`,
    );
  return kind;
}

/** The maximum number of hosts that are listed. */
const MAX_HOSTS = 1_000_000;

/** Returns the hosts with this kind of verdict, by name, at the point in time of the answer. */
export async function listHosts(
  kind: VerdictKind,
  { question, pointInTime, answer }: Asked,
  registry: Registry,
): Promise<ListedHost[]> {
  const same = answer.snapshot.id === null ? pointInTime : { ...pointInTime, snapshot: answer.snapshot.id };
  const { nodes } = await gather(async (first, after) => {
    const { canDowngrade } = await registry.ask(LIST_VERDICTS, { ...question, ...same, kind, first, after });
    const other = wrongPointInTime(same, canDowngrade.snapshot);
    if (other !== null) throw other;
    return canDowngrade.hosts;
  }, MAX_HOSTS);
  return nodes.map(({ host, verdict }) => ({ ...host, ...verdict }));
}
