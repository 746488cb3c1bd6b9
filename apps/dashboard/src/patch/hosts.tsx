import { addressOf, useParameters } from '../address/parameters.js';
import { Answer } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { useQuestion } from '../registry/use-question.js';
import { useSession } from '../session/session.js';
import { PATCH as TEXT } from '../texts/patch.js';
import { SHELL } from '../texts/shell.js';
import { PATCH_HOSTS } from './generated/operations.js';

/** The hosts that have the build on their list: their number, and the first ones. */
export function Hosts({ buildId }: { buildId: string }) {
  const { values } = useParameters();
  const { viewer } = useSession();
  const hosts = useQuestion(PATCH_HOSTS, { where: { running: buildId } });
  const { to, asOf } = values;
  return (
    <Panel
      title={TEXT.hosts}
      aside={<a href={addressOf('/hosts', { where: `running=${buildId}`, to, asOf })}>{TEXT.allHosts}</a>}
    >
      <Answer of={hosts}>
        {({ hosts: { totalCount, nodes } }) => (
          <>
            <p>
              {TEXT.running(SHELL.hosts(count(totalCount), totalCount === 1))}
              {viewer.scope !== null && <span class="muted"> {SHELL.limitedByScope}</span>}
            </p>
            <ul class="patch-plain">
              {nodes.map(({ id, hostname, kernelRelease, freshness }) => (
                <li key={id} class="foreign patch-cut">
                  <a href={addressOf(`/hosts/${encodeURIComponent(id)}`, { to, asOf })}>{hostname}</a>{' '}
                  <span class="muted">
                    {kernelRelease} · {SHELL.freshness[freshness.level]}
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Answer>
    </Panel>
  );
}
