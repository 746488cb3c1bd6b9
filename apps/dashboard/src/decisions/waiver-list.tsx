import { useParameters } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import type { Column } from '../parts/data-table.js';
import { Confirm } from '../parts/confirm.js';
import { Empty } from '../parts/messages.js';
import { PagedTable } from '../parts/paged-table.js';
import { useChange } from '../registry/use-change.js';
import { useList } from '../registry/use-list.js';
import { useMay } from '../session/session.js';
import { DECISIONS } from '../texts/decisions.js';
import { REVOKE_WAIVER, WAIVERS, type Waivers } from './generated/operations.js';
import { WaiverForm } from './waiver-form.js';

const TEXTS = DECISIONS.waiver;
const pick = ({ waivers }: Waivers) => waivers;
type Waiver = Waivers['waivers']['nodes'][number];

const stateOf = ({ active, revokedBy }: Waiver): string =>
  active ? TEXTS.active : revokedBy === null ? TEXTS.expired : TEXTS.revoked(revokedBy);

const hostsOf = ({ selector, release }: Waiver): string =>
  [
    ...selector.map(({ key, values }) => `${key} in (${values.join(', ')})`),
    ...(release === null ? [] : [TEXTS.release(release)]),
  ].join(', ');

function Revoke({ waiver, done }: { waiver: Waiver; done: () => void }) {
  const { busy, failure, make } = useChange(REVOKE_WAIVER, done);
  return (
    <Confirm
      action={TEXTS.revoke}
      title={TEXTS.revokeTitle(waiver.codes.join(', '))}
      meaning={TEXTS.revokeMeaning}
      busy={busy}
      failure={failure}
      make={(reason) => make({ id: waiver.id, reason })}
    />
  );
}

const columnsFor = (mayRevoke: boolean, done: () => void): Column<Waiver>[] => [
  { title: TEXTS.columns.state, cell: stateOf },
  { title: TEXTS.columns.codes, cell: ({ codes }) => <code>{codes.join(', ')}</code> },
  { title: TEXTS.columns.hosts, cell: hostsOf },
  { title: TEXTS.columns.owner, cell: ({ owner }) => owner },
  { title: TEXTS.columns.reason, cell: ({ reason, revokeReason }) => revokeReason ?? reason },
  { title: TEXTS.columns.expires, cell: ({ expiresAt }) => <Ago at={expiresAt} /> },
  ...(mayRevoke
    ? [
        {
          title: TEXTS.columns.do,
          cell: (waiver: Waiver) => waiver.active && <Revoke waiver={waiver} done={done} />,
        },
      ]
    : []),
];

/** Which reasons gates accept for which hosts, by whom and until when. */
export function WaiverList() {
  const { values, change } = useParameters();
  const may = useMay();
  const isAll = values.all === 'yes';
  const pages = useList(WAIVERS, { where: isAll ? null : { active: true } }, pick);
  return (
    <>
      <div class="row">
        <button type="button" aria-pressed={isAll} onClick={() => change({ all: isAll ? undefined : 'yes' })}>
          {TEXTS.all}
        </button>
        {may('Mutation.addWaiver') && <WaiverForm done={pages.restart} />}
      </div>
      <PagedTable
        label={DECISIONS.tabs.waivers}
        pages={pages}
        columns={columnsFor(may('Mutation.revokeWaiver'), pages.restart)}
        rowKey={({ id }) => id}
        empty={<Empty title={TEXTS.none}>{TEXTS.noneNext}</Empty>}
      />
    </>
  );
}
