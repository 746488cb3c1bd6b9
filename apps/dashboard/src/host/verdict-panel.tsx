import { Panel } from '../parts/panel.js';
import { Reasons } from '../parts/reasons.js';
import { VerdictTag } from '../parts/verdicts.js';
import { HOST } from '../texts/host.js';
import type { HostVerdict } from './generated/operations.js';

/**
 * Whether the host can go to one target by its best route, by which steps and at which cost, and why not.
 *
 * @param usualRoute the address of the answer by the route that is asked by default
 */
export function VerdictPanel({
  title,
  usualRoute,
  verdict,
}: {
  title: string;
  usualRoute: string;
  verdict: HostVerdict;
}) {
  const { kind, route, steps, price, reasons, accepted, basedOnStaleFacts } = verdict;
  return (
    <Panel title={title} aside={<VerdictTag kind={kind} />}>
      <div class="stack">
        <p class="muted">
          {HOST.bestRoute} <a href={usualRoute}>{HOST.usualRoute}</a>
        </p>
        {basedOnStaleFacts && <p class="note warning">{HOST.stale}</p>}
        {accepted && kind !== 'SAFE' && <p class="note">{HOST.accepted}</p>}
        {route !== null && (
          <dl class="facts">
            <dt>{HOST.route}</dt>
            <dd>{HOST.routes[route]}</dd>
            {steps.length > 0 && (
              <>
                <dt>{HOST.steps}</dt>
                <dd>
                  <ol class="steps">
                    {steps.map(({ action, patch }, index) => (
                      <li key={index}>
                        {HOST.actions[action]} {patch !== null && <code class="foreign">{patch}</code>}
                      </li>
                    ))}
                  </ol>
                </dd>
              </>
            )}
            {price !== null && (
              <>
                <dt>{HOST.price}</dt>
                <dd>
                  {HOST.prices(price.reboots, price.transitions, price.transitionsUnpatched)}
                  {price.cvesReopened.length > 0 && `; ${HOST.cves(price.cvesReopened.join(', '))}`}
                </dd>
              </>
            )}
          </dl>
        )}
        {reasons.length === 0 ? <p class="muted">{HOST.noReasons}</p> : <Reasons reasons={reasons} />}
      </div>
    </Panel>
  );
}
