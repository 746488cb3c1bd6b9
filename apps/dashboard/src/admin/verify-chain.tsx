import { useEffect, useRef, useState } from 'preact/hooks';
import { Failed } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { registry } from '../registry/client.js';
import { type Failure, failureOf } from '../registry/failure.js';
import { ADMIN } from '../texts/admin.js';
import { AUDIT_PART, type AuditPart } from './generated/operations.js';

const TEXTS = ADMIN.audit;
type Problem = AuditPart['auditCheck']['problems'][number];

interface State {
  readonly checked: number;
  readonly problems: readonly Problem[];
  readonly done: boolean;
  readonly failure?: Failure;
}

/** Verifies the chain of the audit log, part by part. */
export function VerifyChain() {
  const [state, setState] = useState<State | null>(null);
  const left = useRef(false);
  useEffect(
    () => () => {
      left.current = true;
    },
    [],
  );
  const verify = async () => {
    const problems: Problem[] = [];
    let [from, checked]: [string | null, number] = ['1', 0];
    while (from !== null && !left.current) {
      setState({ checked, problems, done: false });
      const { data, error } = await registry.query(AUDIT_PART, { from }).toPromise();
      if (error !== undefined || data === undefined) {
        setState({ checked, problems, done: true, ...(error && { failure: failureOf(error) }) });
        return;
      }
      checked += data.auditCheck.checked;
      problems.push(...data.auditCheck.problems);
      from = data.auditCheck.next;
    }
    setState({ checked, problems, done: true });
  };
  const isBusy = state !== null && !state.done;
  return (
    <div>
      <button type="button" onClick={() => void verify()} disabled={isBusy} title={TEXTS.verifyMeaning}>
        {TEXTS.verify}
      </button>
      {state !== null && (
        <div role="status">
          {state.failure !== undefined && <Failed failure={state.failure} />}
          {!state.done && <p>{TEXTS.verifying(count(state.checked))}</p>}
          {state.done && state.failure === undefined && state.problems.length === 0 && (
            <p>{TEXTS.intact(count(state.checked))}</p>
          )}
          {state.problems.length > 0 && (
            <>
              <p class="wrong">{TEXTS.broken(count(state.problems.length))}</p>
              <ul class="plain-list">
                {state.problems.slice(0, 20).map(({ number, kind, message }) => (
                  <li key={`${number} ${kind}`} class="foreign">
                    {number} {kind}: {message}
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      )}
    </div>
  );
}
