import { addressOf, useParameters } from '../address/parameters.js';
import { DataTable } from '../parts/data-table.js';
import { Answer, Empty } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { OneLine } from '../parts/one-line.js';
import { Pager } from '../parts/pager.js';
import { Panel } from '../parts/panel.js';
import { VerdictTag } from '../parts/verdicts.js';
import { useQuestion } from '../registry/use-question.js';
import { BACK } from '../texts/back.js';
import { SHELL } from '../texts/shell.js';
import type { Chosen } from './chosen.js';
import { BACK_HOSTS, type BackHostsVariables } from './generated/operations.js';
import { visible } from '../parts/visible.js';

/** The hosts with a verdict, a reason or of a block. Each leads to the host. */
export function HostsPanel({
  variables,
  chosen: { select, block, isWider },
}: {
  /** The question of the view. */
  variables: BackHostsVariables;
  chosen: Chosen;
}) {
  const { path, values } = useParameters();
  const { kind, code } = select;
  const hosts = useQuestion(BACK_HOSTS, { ...variables, ...select, after: values.hostsAfter });
  const title =
    block !== undefined
      ? BACK.hostsOf.block
      : code == null
        ? BACK.hostsOf.kind(SHELL.verdicts[kind!])
        : BACK.hostsOf.code(code);
  const none = { kind: undefined, code: undefined, block: undefined, hostsAfter: undefined };
  return (
    <Panel title={title} wide aside={<a href={addressOf(path, { ...values, ...none })}>{BACK.hideHosts}</a>}>
      {isWider && <p class="note">{BACK.wider}</p>}
      <Answer of={hosts}>
        {({ canDowngrade: { hosts } }) =>
          hosts.nodes.length === 0 ? (
            <Empty title={BACK.noHosts} />
          ) : (
            <>
              <DataTable
                label={`${title}: ${count(hosts.totalCount)}`}
                rows={hosts.nodes}
                rowKey={({ host }) => host.id}
                columns={[
                  {
                    title: BACK.host,
                    cell: ({ host }) => (
                      <OneLine
                        text={host.hostname}
                        href={addressOf(`/hosts/${encodeURIComponent(host.id)}`, {
                          to: values.to,
                          asOf: values.asOf,
                        })}
                      />
                    ),
                  },
                  { title: BACK.verdict, cell: ({ verdict }) => <VerdictTag kind={verdict.kind} /> },
                  {
                    title: BACK.runs,
                    cell: ({ host }) => (
                      <OneLine text={host.stack.map(({ name }) => name).join(' < ') || BACK.original} />
                    ),
                  },
                  {
                    title: BACK.kernel,
                    cell: ({ host }) => <OneLine text={host.kernelRelease ?? SHELL.never} />,
                  },
                  {
                    title: BACK.why,
                    cell: ({ verdict }) => (
                      <ul class="why">
                        {verdict.reasons
                          .filter((reason) => reason.kind === verdict.kind)
                          .map((reason, index) => (
                            <li key={index}>{visible(reason.text)}</li>
                          ))}
                      </ul>
                    ),
                  },
                ]}
              />
              <Pager
                name="hostsAfter"
                page={hosts.pageInfo}
                next={BACK.nextHosts(count(hosts.totalCount))}
                first={BACK.firstHosts}
              />
            </>
          )
        }
      </Answer>
    </Panel>
  );
}
