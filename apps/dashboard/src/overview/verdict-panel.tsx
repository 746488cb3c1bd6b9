import type { ComponentChildren } from 'preact';
import { addressOf } from '../address/parameters.js';
import type { Counts, Kind } from '../parts/kinds.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { VerdictShares, VerdictTag } from '../parts/verdicts.js';
import { OVERVIEW } from '../texts/overview.js';

/** Whether the fleet can go back to a target, in large figures. */
export function VerdictPanel({
  to,
  verdict: { kind, counts },
  children,
}: {
  to: 'previous' | 'original';
  verdict: { readonly kind: Kind; readonly counts: Counts & { readonly total: number } };
  /** What stands below the figures. */
  children?: ComponentChildren;
}) {
  const target = to === 'previous' ? {} : { to };
  return (
    <Panel title={OVERVIEW.targets[to]} aside={<VerdictTag kind={kind} />}>
      <p class="overview-figure">
        <a href={addressOf('/back', target)}>
          <strong>{OVERVIEW.canGo(count(counts.safe), count(counts.total))}</strong>{' '}
          <span>{OVERVIEW.canGoMeaning}</span>
        </a>
      </p>
      <VerdictShares counts={counts} href={(kind) => addressOf('/back', { ...target, kind })} />
      {children}
    </Panel>
  );
}
