import { useEffect, useState } from 'preact/hooks';
import { Answer } from '../parts/messages.js';
import { Panel } from '../parts/panel.js';
import { useQuestion } from '../registry/use-question.js';
import { PATCH as TEXT } from '../texts/patch.js';
import type { PatchData } from './declared.js';
import { PATCH_SIBLINGS, type PatchFacts } from './generated/operations.js';
import type { Found } from './lint-patch.js';

/** What `klpreg patch lint` says of the build, from what the registry has of it. Asked for by a button. */
export function Findings({ patch }: { patch: PatchData }) {
  const [isOpen, setIsOpen] = useState(false);
  const siblings = useQuestion(
    PATCH_SIBLINGS,
    isOpen ? { owners: [patch.owner], kernelReleases: [patch.kernelRelease] } : null,
  );
  return (
    <Panel title={TEXT.findings}>
      {isOpen ? (
        <Answer of={siblings}>{({ patches }) => <Linted patch={patch} siblings={patches.nodes} />}</Answer>
      ) : (
        <button type="button" onClick={() => setIsOpen(true)}>
          {TEXT.check}
        </button>
      )}
      <p class="muted">{TEXT.findingsLimits}</p>
    </Panel>
  );
}

function Linted({ patch, siblings }: { patch: PatchData; siblings: readonly PatchFacts[] }) {
  const [result, setResult] = useState<{ found: Found[]; before: string | undefined } | null>(null);
  useEffect(() => {
    const load = async () => {
      // the lint is large, and asked for by few
      const { buildsBefore, lintPatch } = await import('./lint-patch.js');
      const before = buildsBefore(patch, siblings).at(-1);
      setResult({ found: lintPatch(patch, before), before: before?.name });
    };
    void load();
  }, [patch, siblings]);
  if (result === null) return null;
  return (
    <>
      <p class="foreign">
        {result.before === undefined ? TEXT.comparedAlone : TEXT.comparedWith(result.before)}
      </p>
      {result.found.length === 0 && <p>{TEXT.noFindings}</p>}
      <ul class="patch-list">
        {result.found.map(({ code, severity, text }, index) => (
          <li key={index} class="foreign">
            <strong>{TEXT.severities[severity]}</strong> {text} <code>{code}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
