import { addressOf } from '../address/parameters.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { PATCH as TEXT } from '../texts/patch.js';
import type { Patch } from './generated/operations.js';

export type PatchData = NonNullable<Patch['patch']>;

const CALLBACKS = ['prePatch', 'postPatch', 'preUnpatch', 'postUnpatch'] as const;
const NAMES = {
  prePatch: 'pre_patch',
  postPatch: 'post_patch',
  preUnpatch: 'pre_unpatch',
  postUnpatch: 'post_unpatch',
};

/** What the module itself declares. */
export function Declared({ patch }: { patch: PatchData }) {
  const { states, callbacks, objects, impact, impactReasons, unreadable } = patch;
  const functions = objects.reduce((sum, { functions }) => sum + functions.length, 0);
  const set = CALLBACKS.filter((name) => callbacks?.[name] === true);
  return (
    <Panel title={TEXT.declared}>
      <dl class="facts">
        <dt>{TEXT.kind}</dt>
        <dd>{TEXT.replaces(patch.replace)}</dd>
        <dt>{TEXT.impact}</dt>
        <dd>
          {TEXT.impacts[impact]}
          <ul class="patch-list">
            {impactReasons.map((reason) => (
              <li key={reason} class="foreign">
                {reason}
              </li>
            ))}
          </ul>
        </dd>
        <dt>{TEXT.states}</dt>
        <dd>
          {states === null ? (
            <span class="foreign">{TEXT.unreadable(unreadable ?? '')}</span>
          ) : states.length === 0 ? (
            TEXT.noStates
          ) : (
            <ul class="patch-plain">
              {states.map(({ id, version }, index) => (
                <li key={index}>
                  <a class="mono" href={addressOf('/states', { state: id })}>
                    {id}
                  </a>{' '}
                  {TEXT.version(String(version))}
                </li>
              ))}
            </ul>
          )}
          {patch.rewritesEarlierStates && <p>{TEXT.rewrites}</p>}
        </dd>
        <dt>{TEXT.callbacks}</dt>
        <dd class="mono">
          {callbacks === null ? TEXT.notShown : set.map((name) => NAMES[name]).join(', ') || TEXT.none}
        </dd>
        <dt>{TEXT.objects}</dt>
        <dd>
          {objects.length === 0 ? (
            TEXT.notShown
          ) : (
            <details>
              <summary>{TEXT.functions(count(functions), count(objects.length))}</summary>
              {objects.map(({ name, functions }) => (
                <div key={name}>
                  <strong class="foreign">{name}</strong>
                  <ul class="patch-plain patch-long">
                    {functions.map(({ name, sympos }) => (
                      <li key={`${name},${sympos}`} class="mono foreign">
                        {sympos === '0' ? name : `${name},${sympos}`}
                      </li>
                    ))}
                  </ul>
                </div>
              ))}
            </details>
          )}
        </dd>
      </dl>
    </Panel>
  );
}
