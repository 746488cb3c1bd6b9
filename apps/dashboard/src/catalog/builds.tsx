import { addressOf, useParameters } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import { DataTable } from '../parts/data-table.js';
import { Answer, Empty } from '../parts/messages.js';
import { PageLinks } from '../parts/page-links.js';
import { AddressField } from '../parts/question-fields.js';
import { useQuestion } from '../registry/use-question.js';
import { CATALOG } from '../texts/catalog.js';
import { PATCH } from '../texts/patch.js';
import { FIELDS, filterOf, IMPACTS, pageOf } from './filter.js';
import { CATALOG_BUILDS, type CatalogBuilds } from './generated/operations.js';

type Build = CatalogBuilds['patches']['nodes'][number];

/** What deserves attention in a build, in words. */
const marksOf = ({ recalledAt, conflicts, evidence, author, files }: Build): string[] => [
  ...(recalledAt === null ? [] : [CATALOG.marks.recalled]),
  ...(conflicts.length === 0 ? [] : [CATALOG.marks.conflict]),
  ...(evidence === 'MODULE' ? [] : [CATALOG.marks.noFile]),
  ...(files.some(({ signed }) => signed) ? [CATALOG.marks.signedFile] : []),
  author === null
    ? CATALOG.marks.noStatement
    : author.evidence === 'MANIFEST'
      ? CATALOG.marks.signedStatement
      : CATALOG.marks.unsignedStatement,
];

/** The builds that a filter selects, by name. */
export function Builds() {
  const { values } = useParameters();
  const builds = useQuestion(CATALOG_BUILDS, { where: filterOf(values), ...pageOf(values) });
  const { to, where, asOf } = values;
  return (
    <>
      <Filter />
      <Answer of={builds}>
        {({ patches: { nodes, totalCount, pageInfo } }) =>
          totalCount === 0 ? (
            <Empty title={CATALOG.noneFound}>{CATALOG.noneFoundNext}</Empty>
          ) : (
            <div class={builds.loading ? 'stack loading' : 'stack'}>
              <DataTable
                label={CATALOG.builds}
                rows={nodes}
                rowKey={({ buildId }) => buildId}
                columns={[
                  {
                    title: CATALOG.name,
                    cell: ({ buildId, name }) => (
                      <a
                        class="catalog-cut"
                        href={addressOf(`/catalog/${buildId}`, { to, where, asOf })}
                        title={`${name} ${buildId}`}
                      >
                        {name}
                      </a>
                    ),
                  },
                  { title: CATALOG.release, cell: ({ release }) => <Cut text={release} /> },
                  { title: CATALOG.owner, cell: ({ owner }) => <Cut text={owner} /> },
                  { title: CATALOG.kernel, cell: ({ kernelRelease }) => <Cut text={kernelRelease} /> },
                  { title: CATALOG.impact, cell: ({ impact }) => PATCH.impacts[impact] },
                  { title: CATALOG.kind, cell: ({ replace }) => PATCH.replaces(replace) },
                  { title: CATALOG.note, cell: (build) => marksOf(build).join(', ') },
                  { title: CATALOG.publishedAt, cell: ({ publishedAt }) => <Ago at={publishedAt} /> },
                ]}
              />
              <PageLinks total={totalCount} pageInfo={pageInfo} />
            </div>
          )
        }
      </Answer>
    </>
  );
}

const Cut = ({ text }: { text: string }) => (
  <span class="catalog-cut" title={text}>
    {text}
  </span>
);

function Filter() {
  const { values, change } = useParameters();
  // a cursor belongs to the filter that it came with
  const first = { by: 'builds', after: undefined, before: undefined };
  return (
    <div class="fields">
      {FIELDS.map((field) => (
        <AddressField
          key={field}
          name={field}
          label={CATALOG.fields[field]}
          placeholder={CATALOG.any}
          with={first}
        />
      ))}
      <label class="field">
        {CATALOG.impact}
        <select
          value={values.impact ?? ''}
          onChange={({ currentTarget }) => change({ ...first, impact: currentTarget.value })}
        >
          <option value="">{CATALOG.any}</option>
          {IMPACTS.map((impact) => (
            <option key={impact} value={impact}>
              {PATCH.impacts[impact]}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        {CATALOG.recalled}
        <select
          value={values.recalled ?? ''}
          onChange={({ currentTarget }) => change({ ...first, recalled: currentTarget.value })}
        >
          <option value="">{CATALOG.any}</option>
          <option value="yes">{CATALOG.yes}</option>
          <option value="no">{CATALOG.no}</option>
        </select>
      </label>
    </div>
  );
}
