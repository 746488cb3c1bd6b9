import { addressOf } from '../address/parameters.js';
import { DataTable } from '../parts/data-table.js';
import { Empty } from '../parts/messages.js';
import { count, share } from '../parts/numbers.js';
import { OneLine } from '../parts/one-line.js';
import { Panel } from '../parts/panel.js';
import { Shares } from '../parts/verdicts.js';
import { OVERVIEW } from '../texts/overview.js';
import { SHELL } from '../texts/shell.js';
import { type Counted, topRows } from './top-rows.js';

/** `FRESH` includes `LATE`, because no verdict depends on the difference. */
const LEVELS = ['FRESH', 'STALE', 'LOST', 'NEVER'] as const;
const ROWS = 6;

/** How recently the facts of the hosts were confirmed. */
export function FreshnessPanel({ freshness }: { freshness: readonly Counted[] }) {
  const parts = LEVELS.map((level) => ({
    name: level,
    label: level === 'FRESH' ? OVERVIEW.freshLate : SHELL.freshness[level],
    hosts: freshness.find(({ value }) => value === level)?.hosts ?? 0,
    href: addressOf('/hosts', { where: `freshness=${level.toLowerCase()}` }),
  }));
  return (
    <Panel title={OVERVIEW.freshness}>
      <Shares parts={parts} label={OVERVIEW.freshness} />
    </Panel>
  );
}

/** The values that most hosts have. */
export function TopPanel({
  title,
  label,
  column,
  values,
  total,
  where,
}: {
  title: string;
  /** What the table lists, for screen readers. */
  label: string;
  column: string;
  values: readonly Counted[];
  total: number;
  /** The filter of the hosts with a value. */
  where: (value: string) => string;
}) {
  return (
    <Panel title={title}>
      {total === 0 ? (
        <Empty title={OVERVIEW.noReport} />
      ) : (
        <DataTable
          label={label}
          rows={topRows(values, total, ROWS)}
          rowKey={({ value }) => value ?? ''}
          columns={[
            {
              title: column,
              cell: ({ value }) =>
                value === null ? (
                  <span class="muted">{OVERVIEW.others}</span>
                ) : (
                  <OneLine
                    text={value === '(original)' ? OVERVIEW.original : value}
                    href={addressOf('/hosts', { where: where(value) })}
                  />
                ),
            },
            { title: OVERVIEW.hosts, number: true, cell: ({ hosts }) => count(hosts) },
            { title: OVERVIEW.share, number: true, cell: ({ hosts }) => share(hosts, total) },
          ]}
        />
      )}
    </Panel>
  );
}
