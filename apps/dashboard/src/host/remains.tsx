import { Ago } from '../parts/ago.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { HOST } from '../texts/host.js';
import { PatchLink, type ShownHost } from './stack-panel.js';

/** The open transition, with the tasks that hold it up. */
export function TransitionPanel({ transition }: { transition: NonNullable<ShownHost['transition']> }) {
  const { patch, enabling, since, stalled, tasks, moreTasks } = transition;
  return (
    <Panel title={HOST.transition}>
      <p class="foreign">
        {HOST.transitionText(patch, enabling)}{' '}
        {since !== null && (
          <>
            {HOST.since} <Ago at={since} />.
          </>
        )}
      </p>
      {stalled && <p class="wrong">{HOST.stalled}</p>}
      {tasks.length > 0 && (
        <>
          <h3>{HOST.heldUpBy}</h3>
          <ul class="plain-list">
            {tasks.map(({ pid, comm }) => (
              <li key={pid} class="foreign">
                <code>
                  {pid} {comm}
                </code>
              </li>
            ))}
          </ul>
          {moreTasks > 0 && <p class="muted">{HOST.moreTasks(count(moreTasks))}</p>}
        </>
      )}
    </Panel>
  );
}

/** Modules that are loaded and no longer listed, and what left the list in this boot. */
export function RemainsPanel({ leftovers, unlisted }: Pick<ShownHost, 'leftovers' | 'unlisted'>) {
  return (
    <>
      {leftovers.length > 0 && (
        <Panel title={HOST.leftovers}>
          <ul class="plain-list">
            {leftovers.map(({ name, patch, pinned, referenced }) => (
              <li key={name} class="foreign">
                <PatchLink name={name} patch={patch} />:{' '}
                {pinned ? HOST.pinned : referenced ? HOST.referenced : HOST.removable}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {unlisted.length > 0 && (
        <Panel title={HOST.unlisted}>
          <ul class="plain-list">
            {unlisted.map(({ name, patch, unlistedBy }, index) => (
              <li key={index} class="foreign">
                <PatchLink name={name} patch={patch} />: {HOST.unlistedBy[unlistedBy]}
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}
