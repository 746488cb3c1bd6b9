import { useCallback, useMemo } from 'preact/hooks';
import { useParameters } from '../address/parameters.js';
import { whereOf } from '../address/where.js';
import { Empty, Failed, Loading } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { MomentField, WhereField } from '../parts/question-fields.js';
import { ViewTitle } from '../parts/view-title.js';
import { VirtualTable } from '../parts/virtual-table.js';
import { useLive } from '../registry/use-live.js';
import { HOSTS } from '../texts/hosts.js';
import { SHELL } from '../texts/shell.js';
import { columnsFor } from './columns.js';
import { FindHost } from './find-host.js';
import { HOST_LIST, HOSTS_CHANGED, type HostList } from './generated/operations.js';
import { MOST_ROWS, useList } from '../registry/use-list.js';

const ORDERS = {
  HOSTNAME: 'ASC',
  KERNEL_RELEASE: 'ASC',
  CONFIRMED_AT: 'ASC',
  TRANSITION_SINCE: 'ASC',
} as const;
type Order = keyof typeof ORDERS;

const pick = ({ hosts }: HostList) => hosts;

/** The hosts that match, page by page. */
export default function View() {
  const { values, change } = useParameters();
  const { filter, wrong } = whereOf(values.where);
  const order = values.order !== undefined && values.order in ORDERS ? (values.order as Order) : 'HOSTNAME';
  const list = useList(
    HOST_LIST,
    wrong === undefined
      ? {
          where: filter,
          asOf: values.asOf,
          ...(order !== 'HOSTNAME' && { orderBy: { field: order, direction: ORDERS[order] } }),
        }
      : null,
    pick,
  );
  // a list that a person has scrolled does not move under their eyes
  const isRead = list.rows.length > 100;
  const refresh = useCallback(() => {
    if (!isRead) list.restart();
  }, [isRead, list.restart]);
  useLive(
    HOSTS_CHANGED,
    values.asOf === undefined && wrong === undefined ? { where: filter } : null,
    refresh,
  );
  const columns = useMemo(() => columnsFor(values), [values]);

  return (
    <div class="stack">
      <ViewTitle title={SHELL.views.hosts}>
        <FindHost />
      </ViewTitle>
      <div class="fields">
        <WhereField wrong={wrong} />
        <label class="field">
          {HOSTS.order}
          <select value={order} onChange={({ currentTarget }) => change({ order: currentTarget.value })}>
            {(Object.keys(ORDERS) as Order[]).map((field) => (
              <option key={field} value={field}>
                {HOSTS.orders[field]}
              </option>
            ))}
          </select>
        </label>
        <MomentField />
      </div>
      {list.failure !== undefined && <Failed failure={list.failure} again={list.restart} />}
      {list.total === null && list.failure === undefined && wrong === undefined && <Loading />}
      {list.total === 0 &&
        (values.where === undefined ? (
          <Empty title={HOSTS.none}>{HOSTS.noneNext}</Empty>
        ) : (
          <Empty title={HOSTS.empty}>{HOSTS.emptyNext}</Empty>
        ))}
      {list.total !== null && list.total > 0 && (
        <>
          <p role="status" class="muted">
            {HOSTS.count(count(list.total), list.total === 1)}
            {list.loading && ` · ${HOSTS.loadingMore}`}
            {list.rows.length >= MOST_ROWS && ` · ${HOSTS.most(count(MOST_ROWS))}`}
          </p>
          <VirtualTable
            label={HOSTS.table}
            columns={columns}
            rows={list.rows}
            total={list.total}
            rowKey={({ id }) => id}
            more={list.more}
          />
        </>
      )}
    </div>
  );
}
