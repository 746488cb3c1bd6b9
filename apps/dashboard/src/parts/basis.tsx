import { BASIS } from '../texts/reasons.js';
import { SHELL } from '../texts/shell.js';
import { Ago } from './ago.js';
import { count, localTime } from './numbers.js';

const hostsText = (n: number): string => SHELL.hosts(count(n), n === 1);

/** By what the hosts of an answer were judged: time, policy and waivers. */
export function Basis({
  at,
  isPast,
  again,
  policy,
  waivers,
}: {
  at: string;
  isPast: boolean;
  again: () => void;
  policy?: {
    readonly revision: number | null;
    readonly rules: readonly { readonly rule: string | null; readonly hosts: number }[];
  };
  waivers: readonly {
    readonly id: string;
    readonly owner: string;
    readonly codes: readonly string[];
    readonly expiresAt: string;
    readonly hosts: number;
  }[];
}) {
  return (
    <div class="muted">
      <p class="row">
        {isPast ? (
          BASIS.asOf(localTime(at))
        ) : (
          <span>
            {BASIS.answered} <Ago at={at} />
          </span>
        )}
        <button type="button" class="plain" onClick={again}>
          {BASIS.again}
        </button>
      </p>
      {policy !== undefined && (
        <p class="foreign">
          {policy.revision === null
            ? BASIS.noPolicy
            : BASIS.policy(
                policy.revision,
                policy.rules.map(({ rule, hosts }) => BASIS.rule(rule, hostsText(hosts))).join(', '),
              )}
        </p>
      )}
      {waivers.map(({ id, owner, codes, expiresAt, hosts }) => (
        <p key={id} class="foreign">
          {BASIS.waiver(owner, codes.join(', '), hostsText(hosts))} <Ago at={expiresAt} />.
        </p>
      ))}
    </div>
  );
}
