import { Ago } from '../parts/ago.js';
import { count } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { PATCH as TEXT } from '../texts/patch.js';
import type { PatchData } from './declared.js';

/** Which build it is, and its files with their signatures. */
export function Files({ patch }: { patch: PatchData }) {
  return (
    <Panel title={TEXT.build}>
      <dl class="facts">
        {(
          [
            [TEXT.buildId, patch.buildId],
            [TEXT.release, patch.release],
            [TEXT.owner, `${patch.owner} (${TEXT.ownerships[patch.ownership]})`],
            [TEXT.kernel, `${patch.kernelRelease} (${patch.arch})`],
            [TEXT.vermagic, patch.vermagic ?? TEXT.notShown],
            [TEXT.srcversion, patch.srcversion ?? TEXT.none],
            [TEXT.builder, TEXT.builders[patch.builder]],
            [TEXT.evidence, patch.evidence === 'MODULE' ? TEXT.fromFile : TEXT.fromPublisher],
          ] as const
        ).map(([title, text]) => (
          <>
            <dt>{title}</dt>
            <dd class="foreign">{text}</dd>
          </>
        ))}
        <dt>{TEXT.publishedAt}</dt>
        <dd>
          <Ago at={patch.publishedAt} />
        </dd>
        <dt>{TEXT.files}</dt>
        <dd>
          {patch.files.length === 0
            ? TEXT.none
            : patch.files.map(({ sha256, signed, signer, size }) => (
                <div key={sha256}>
                  <span class="foreign">
                    {signed ? TEXT.signedWith(signer ?? TEXT.unknownKey) : TEXT.unsigned}
                    {size !== null && `, ${TEXT.bytes(count(size))}`}
                  </span>
                  <div class="mono foreign">SHA-256 {sha256}</div>
                </div>
              ))}
          {patch.files.some(({ signed }) => signed) && <p class="muted">{TEXT.notVerified}</p>}
        </dd>
      </dl>
    </Panel>
  );
}
