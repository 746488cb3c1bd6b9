import { addressOf, useParameters } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import { DataTable } from '../parts/data-table.js';
import { Answer, Empty } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { PageLinks } from '../parts/page-links.js';
import { ScopeNote } from '../parts/scope-note.js';
import { useQuestion } from '../registry/use-question.js';
import { CATALOG } from '../texts/catalog.js';
import { pageOf } from './filter.js';
import { CATALOG_RELEASES } from './generated/operations.js';

/** The releases, by name. */
export function Releases() {
  const { values } = useParameters();
  const releases = useQuestion(CATALOG_RELEASES, pageOf(values));
  const { to, where, asOf } = values;
  const buildsOf = (release: string, recalled?: string) =>
    addressOf('/catalog', { to, where, asOf, by: 'builds', release, recalled });
  return (
    <Answer of={releases}>
      {({ releases: { nodes, totalCount, pageInfo } }) =>
        totalCount === 0 ? (
          <Empty title={CATALOG.nothing}>{CATALOG.nothingNext}</Empty>
        ) : (
          <div class={releases.loading ? 'stack loading' : 'stack'}>
            <ScopeNote />
            <DataTable
              label={CATALOG.releases}
              rows={nodes}
              rowKey={({ name }) => name}
              columns={[
                {
                  title: CATALOG.release,
                  cell: ({ name }) => (
                    <a class="catalog-cut" href={buildsOf(name)} title={name}>
                      {name}
                    </a>
                  ),
                },
                {
                  title: CATALOG.owner,
                  cell: ({ owners }) => (
                    <span class="catalog-cut" title={owners.join(', ')}>
                      {owners.join(', ')}
                    </span>
                  ),
                },
                { title: CATALOG.builds, number: true, cell: ({ buildCount }) => count(buildCount) },
                {
                  title: CATALOG.recalled,
                  number: true,
                  cell: ({ name, recalled }) =>
                    recalled === 0 ? '–' : <a href={buildsOf(name, 'yes')}>{count(recalled)}</a>,
                },
                {
                  title: CATALOG.hosts,
                  number: true,
                  cell: ({ hosts }) => count(hosts),
                },
                { title: CATALOG.publishedAt, cell: ({ publishedAt }) => <Ago at={publishedAt} /> },
                {
                  title: CATALOG.back,
                  cell: ({ name }) => (
                    <a href={addressOf('/back', { to: `release:${name}`, where, asOf })}>{CATALOG.ask}</a>
                  ),
                },
              ]}
            />
            <PageLinks total={totalCount} pageInfo={pageInfo} />
          </div>
        )
      }
    </Answer>
  );
}
