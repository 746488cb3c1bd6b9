import { addressOf, useParameters } from '../address/parameters.js';
import { Answer, Empty } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { AddressField } from '../parts/question-fields.js';
import { ScopeNote } from '../parts/scope-note.js';
import { ViewTitle } from '../parts/view-title.js';
import { usePages } from '../registry/use-pages.js';
import { useQuestion } from '../registry/use-question.js';
import { STATES as TEXT } from '../texts/states.js';
import {
  STATES,
  STATES_KERNELS,
  STATES_PATCHES,
  type States,
  type StatesPatches,
} from './generated/operations.js';
import { MapTable } from './map-table.js';
import { mapOf } from './state-map.js';
import { StatesTable } from './states-table.js';
import './states.css';

const MOST_STATES = 500;
const MOST_PATCHES = 200;
const statesOf = ({ states }: States) => states;
const patchesOf = ({ patches }: StatesPatches) => patches;
const STATE_ID = /^[0-9]{1,20}$/;

export default function View() {
  const { values } = useParameters();
  const states = usePages(STATES, {}, statesOf, MOST_STATES);
  const { state, where } = values;
  const wrong = state !== undefined && !STATE_ID.test(state) ? TEXT.notAnId : undefined;
  return (
    <div class="stack">
      <ViewTitle title={TEXT.title} />
      <p>
        {TEXT.intro}{' '}
        <a href={addressOf('/matrix', { kernel: values.kernel, find: state, where })}>{TEXT.matrix}</a>
      </p>
      <div class="fields">
        <AddressField name="state" label={TEXT.state} placeholder={TEXT.any} wrong={wrong} />
        <AddressField name="owner" label={TEXT.owner} placeholder={TEXT.any} />
        <AddressField name="kernel" label={TEXT.kernel} placeholder={TEXT.kernelPlaceholder} />
      </div>
      <Answer of={states}>
        {({ nodes, total }) =>
          total === 0 ? (
            <Empty title={TEXT.none}>{TEXT.noneNext}</Empty>
          ) : (
            <>
              <Panel title={TEXT.ids} aside={<span class="muted">{TEXT.inAll(count(total))}</span>}>
                {total > nodes.length && (
                  <p class="note warning">{TEXT.tooMany(count(nodes.length), count(total))}</p>
                )}
                <ScopeNote />
                <StatesTable states={nodes} />
              </Panel>
              {wrong === undefined && <Map />}
            </>
          )
        }
      </Answer>
    </div>
  );
}

/** The states of the patches of a kernel, or of all kernels if one state is chosen. */
function Map() {
  const { values } = useParameters();
  const { state, owner } = values;
  const isOfState = state !== undefined && state !== '';
  const kernels = useQuestion(STATES_KERNELS, values.kernel === undefined && !isOfState ? {} : null);
  const kernel = values.kernel ?? (isOfState ? undefined : kernels.data?.fleet.kernels[0]?.value);
  const patches = usePages(
    STATES_PATCHES,
    kernel === undefined && !isOfState
      ? null
      : {
          where: {
            stateId: isOfState ? state : undefined,
            owners: owner === undefined ? undefined : [owner],
            kernelReleases: kernel === undefined ? undefined : [kernel],
          },
        },
    patchesOf,
    MOST_PATCHES,
  );
  if (kernel === undefined && !isOfState)
    return kernels.data === undefined ? null : <Empty title={TEXT.noKernel}>{TEXT.noKernelNext}</Empty>;
  return (
    <Panel title={kernel === undefined ? TEXT.mapOfState(state!) : TEXT.mapOfKernel(kernel)}>
      <Answer of={patches}>
        {({ nodes, total }) =>
          nodes.length === 0 ? (
            <Empty title={TEXT.noPatches}>{TEXT.noPatchesNext}</Empty>
          ) : (
            <>
              {total > nodes.length && (
                <p class="note warning">{TEXT.tooManyPatches(count(nodes.length), count(total))}</p>
              )}
              <MapTable map={mapOf(nodes, isOfState ? state : undefined)} />
            </>
          )
        }
      </Answer>
    </Panel>
  );
}
