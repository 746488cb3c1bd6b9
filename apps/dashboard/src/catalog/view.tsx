import { addressOf, useParameters } from '../address/parameters.js';
import { Dialog } from '../parts/dialog.js';
import { ViewTitle } from '../parts/view-title.js';
import { useMay } from '../session/session.js';
import { CATALOG } from '../texts/catalog.js';
import { Builds } from './builds.js';
import './catalog.css';
import { FIELDS, isOfBuilds } from './filter.js';
import { PublishForm } from './publish-form.js';
import { Releases } from './releases.js';

/** Nothing of the filter, and the first page. */
const UNFILTERED = Object.fromEntries(
  [...FIELDS, 'impact', 'recalled', 'after', 'before'].map((field) => [field, undefined]),
);

export default function View() {
  const { path, values, change } = useParameters();
  const may = useMay();
  const ofBuilds = isOfBuilds(values);
  const close = () => change({ publish: undefined });
  return (
    <div class="stack">
      <ViewTitle title={CATALOG.title}>
        {/* publishing is no root field; who may recall a build may publish one */}
        {may('Mutation.recallPatch') && (
          <a class="button" href={addressOf(path, { ...values, publish: 'yes' })}>
            {CATALOG.publish.open}
          </a>
        )}
      </ViewTitle>
      <p>{CATALOG.intro}</p>
      <div class="choices" role="group" aria-label={CATALOG.by}>
        <button
          type="button"
          aria-pressed={!ofBuilds}
          onClick={() => change({ ...UNFILTERED, by: undefined })}
        >
          {CATALOG.releases}
        </button>
        <button type="button" aria-pressed={ofBuilds} onClick={() => change({ ...UNFILTERED, by: 'builds' })}>
          {CATALOG.builds}
        </button>
      </div>
      {ofBuilds ? <Builds /> : <Releases />}
      {values.publish !== undefined && may('Mutation.recallPatch') && (
        <Dialog title={CATALOG.publish.title} close={close}>
          <PublishForm release={values.ofRelease ?? ''} owner={values.ofOwner ?? ''} close={close} />
        </Dialog>
      )}
    </div>
  );
}
