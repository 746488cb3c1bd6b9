import { addressOf } from '../address/parameters.js';
import { Failed, Loading } from '../parts/messages.js';
import { localTime } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { useList } from '../registry/use-list.js';
import { HOST } from '../texts/host.js';
import { SHELL } from '../texts/shell.js';
import { HOST_CHANGES, type HostChanges } from './generated/operations.js';

const NONE = { totalCount: 0, nodes: [], pageInfo: { hasNextPage: false, endCursor: null } };
const pick = ({ host }: HostChanges) => host?.changes ?? NONE;
type Change = NonNullable<HostChanges['host']>['changes']['nodes'][number];

const names = (patches: readonly { readonly name: string }[]): string =>
  patches.map(({ name }) => name).join(', ');

const ChangeItem = ({ id, change }: { id: string; change: Change }) => (
  <li>
    <p class="row">
      <a href={addressOf(`/hosts/${encodeURIComponent(id)}`, { asOf: change.at })} title={HOST.asOfThen}>
        <time dateTime={change.at}>{localTime(change.at)}</time>
      </a>
      <strong>{change.what.map((kind) => HOST.changeKinds[kind]).join(', ')}</strong>
    </p>
    <p class="foreign">{HOST.runs(names(change.stack))}</p>
    {change.sender !== null && <p class="muted foreign">{HOST.sender(change.sender.token)}</p>}
    {(change.came.length > 0 || change.left.length > 0) && (
      <p class="muted foreign">
        {[
          ...(change.came.length > 0 ? [HOST.came(names(change.came))] : []),
          ...(change.left.length > 0 ? [HOST.left(names(change.left))] : []),
        ].join('; ')}
      </p>
    )}
  </li>
);

/** What changed on the host, the newest first. */
export function Timeline({ id }: { id: string }) {
  const changes = useList(HOST_CHANGES, { id }, pick);
  return (
    <Panel title={HOST.timeline}>
      {changes.failure !== undefined && <Failed failure={changes.failure} again={changes.restart} />}
      {changes.total === null && changes.failure === undefined && <Loading />}
      {changes.total === 0 && <p class="muted">{HOST.timelineEmpty}</p>}
      <ol class="timeline">
        {changes.rows.map((change) => (
          <ChangeItem key={change.at} id={id} change={change} />
        ))}
      </ol>
      {changes.hasMore && changes.total !== null && (
        <button type="button" onClick={changes.more} disabled={changes.loading}>
          {SHELL.more('20')}
        </button>
      )}
    </Panel>
  );
}
