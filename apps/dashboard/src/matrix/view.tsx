import { addressOf, useParameters } from '../address/parameters.js';
import { Answer, Empty } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { ScopeNote } from '../parts/scope-note.js';
import { ViewTitle } from '../parts/view-title.js';
import { usePages } from '../registry/use-pages.js';
import { useQuestion } from '../registry/use-question.js';
import { MATRIX } from '../texts/matrix.js';
import { SHELL } from '../texts/shell.js';
import { Compared } from './compared.js';
import { MATRIX_KERNELS, MATRIX_PATCHES, type MatrixPatches } from './generated/operations.js';
import './matrix.css';

/** The most patches that are compared. */
const MOST = 500;
const pageOf = ({ patches }: MatrixPatches) => patches;

export default function View() {
  const { values, change } = useParameters();
  const kernels = useQuestion(MATRIX_KERNELS, {});
  return (
    <div class="stack">
      <ViewTitle title={MATRIX.title} />
      <p>
        {MATRIX.intro} {MATRIX.limits}{' '}
        <a href={addressOf('/back', { to: values.to, where: values.where })}>{MATRIX.back}</a>
      </p>
      <Answer of={kernels}>
        {({ fleet }) => {
          const kernel = values.kernel ?? fleet.kernels[0]?.value;
          if (kernel === undefined) return <Empty title={MATRIX.noKernel}>{MATRIX.noKernelNext}</Empty>;
          const options = fleet.kernels.some(({ value }) => value === kernel)
            ? fleet.kernels
            : [{ value: kernel, hosts: 0 }, ...fleet.kernels];
          return (
            <>
              <div class="fields">
                <label class="field">
                  {MATRIX.kernel}
                  <select
                    value={kernel}
                    onChange={({ currentTarget }) =>
                      change({ kernel: currentTarget.value, row: undefined, column: undefined })
                    }
                  >
                    {options.map(({ value, hosts }) => (
                      <option key={value} value={value}>
                        {MATRIX.kernelOption(value, SHELL.hosts(count(hosts), hosts === 1))}
                      </option>
                    ))}
                  </select>
                </label>
                <label class="field grow">
                  {MATRIX.find}
                  <input
                    type="search"
                    value={values.find ?? ''}
                    placeholder={MATRIX.findPlaceholder}
                    onInput={({ currentTarget }) => change({ find: currentTarget.value }, true)}
                  />
                </label>
                <div class="choices" role="group" aria-label={MATRIX.zoom}>
                  {(['fit', 'large'] as const).map((zoom) => (
                    <button
                      key={zoom}
                      type="button"
                      aria-pressed={(values.zoom ?? 'fit') === zoom}
                      onClick={() => change({ zoom: zoom === 'fit' ? undefined : zoom })}
                    >
                      {MATRIX.zooms[zoom]}
                    </button>
                  ))}
                </div>
              </div>
              <ScopeNote />
              <OfKernel key={kernel} kernel={kernel} />
            </>
          );
        }}
      </Answer>
    </div>
  );
}

function OfKernel({ kernel }: { kernel: string }) {
  const patches = usePages(MATRIX_PATCHES, { kernel }, pageOf, MOST);
  return (
    <Answer of={patches}>
      {({ nodes, total }) =>
        nodes.length === 0 ? (
          <Empty title={MATRIX.noPatches}>{MATRIX.noPatchesNext}</Empty>
        ) : (
          <>
            {total > nodes.length && (
              <p class="note warning">{MATRIX.tooMany(count(nodes.length), count(total))}</p>
            )}
            <Compared patches={nodes} />
          </>
        )
      }
    </Answer>
  );
}
