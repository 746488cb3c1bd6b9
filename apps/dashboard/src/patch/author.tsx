import { Ago } from '../parts/ago.js';
import { DataTable } from '../parts/data-table.js';
import { Panel } from '../parts/panel.js';
import { PATCH as TEXT } from '../texts/patch.js';
import type { PatchData } from './declared.js';

/** What the author declares, because no file shows it. */
export function Author({ author }: { author: PatchData['author'] }) {
  return (
    <Panel title={TEXT.author}>
      {author === null ? (
        <p class="muted">{TEXT.noAuthor}</p>
      ) : (
        <div class="stack">
          <p>{author.evidence === 'MANIFEST' ? TEXT.signedStatement : TEXT.unsignedStatement}</p>
          {author.states.length > 0 && (
            <DataTable
              label={TEXT.authorStates}
              rows={author.states}
              rowKey={({ id, version }, index) => `${id} ${version} ${index}`}
              columns={[
                { title: TEXT.state, cell: ({ id }) => <span class="mono">{id}</span> },
                { title: TEXT.versionTitle, number: true, cell: ({ version }) => version },
                { title: TEXT.what, cell: ({ what }) => what },
                { title: TEXT.restore, cell: ({ restore }) => TEXT.restores[restore] },
              ]}
            />
          )}
          <dl class="facts">
            <dt>{TEXT.publishedAt}</dt>
            <dd>
              <Ago at={author.at} />
            </dd>
            {author.impactNone && (
              <>
                <dt>{TEXT.impact}</dt>
                <dd>{TEXT.impactNone}</dd>
              </>
            )}
            {(
              [
                [TEXT.cves, author.cves.join(', ')],
                [TEXT.independentOf, author.independentOf.join(', ')],
                [TEXT.unsupported, author.unsupported.map((what) => TEXT.operations[what]).join(', ')],
                [TEXT.notes, author.notes],
                [TEXT.signedBy, author.signedBy ?? ''],
                [TEXT.signedFile, author.signedFile ?? ''],
                [TEXT.revision, String(author.revision)],
              ] as const
            )
              .filter(([, text]) => text !== '')
              .map(([title, text]) => (
                <>
                  <dt>{title}</dt>
                  <dd class="foreign patch-notes">{text}</dd>
                </>
              ))}
          </dl>
        </div>
      )}
    </Panel>
  );
}
