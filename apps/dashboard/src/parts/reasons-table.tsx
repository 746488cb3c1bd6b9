import { REASONS } from '../texts/reasons.js';
import { SHELL } from '../texts/shell.js';
import { DataTable } from './data-table.js';
import { count } from './numbers.js';
import type { ShownReason } from './reasons.js';
import { VerdictTag } from './verdicts.js';
import { visible } from './visible.js';

/** A reason with the number of hosts that have it. */
export interface CountedReason {
  readonly hosts: number;
  readonly reason: ShownReason;
}

/** Reasons in the order of the registry: most hosts first, advisories last. */
export function ReasonsTable({
  label,
  reasons,
  open,
  chosen,
}: {
  /** What the table lists, for screen readers. */
  label: string;
  reasons: readonly CountedReason[];
  /** The address of the hosts with a code. */
  open?: (code: string) => string;
  /** The code whose hosts are shown. */
  chosen?: string | undefined;
}) {
  return (
    <DataTable
      label={label}
      rows={reasons}
      rowKey={(_, index) => index}
      columns={[
        { title: REASONS.hosts, number: true, cell: ({ hosts }) => count(hosts) },
        {
          title: REASONS.kind,
          cell: ({ reason: { kind } }) =>
            kind === 'ADVISORY' ? <span class="muted">{REASONS.advisory}</span> : <VerdictTag kind={kind} />,
        },
        {
          title: REASONS.why,
          cell: ({ reason: { code, text, help } }) => (
            <div class="why">
              {visible(text)}
              <div title={REASONS.documentation(help)}>
                {open === undefined ? (
                  <code class="muted">{code}</code>
                ) : (
                  <a class="mono" href={open(code)} aria-current={chosen === code ? 'true' : undefined}>
                    {code}
                  </a>
                )}
              </div>
            </div>
          ),
        },
        {
          title: REASONS.clearedBy,
          cell: ({ reason: { kind, clearedBy } }) => (kind === 'ADVISORY' ? '' : SHELL.clearedBys[clearedBy]),
        },
      ]}
    />
  );
}
