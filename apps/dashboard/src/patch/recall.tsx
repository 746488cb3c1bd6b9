import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.js';
import { Failed } from '../parts/messages.js';
import { registry } from '../registry/client.js';
import { type Failure, failureOf } from '../registry/failure.js';
import { PATCH as TEXT } from '../texts/patch.js';
import { RECALL_PATCH } from './generated/operations.js';

/** Recalls a build, or cancels its recall. */
export function Recall({
  buildId,
  isRecalled,
  done,
}: {
  buildId: string;
  isRecalled: boolean;
  done: () => void;
}) {
  const [isOpen, setIsOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [failure, setFailure] = useState<Failure>();
  const text = isRecalled ? TEXT.cancelRecall : TEXT.recall;
  const act = async () => {
    setFailure(undefined);
    const variables = { buildId, reason: reason.trim() || null, recalled: !isRecalled };
    const { error } = await registry.mutation(RECALL_PATCH, variables).toPromise();
    if (error !== undefined) setFailure(failureOf(error));
    else {
      setIsOpen(false);
      done();
    }
  };
  return (
    <>
      <button type="button" class={isRecalled ? undefined : 'danger'} onClick={() => setIsOpen(true)}>
        {text.open}
      </button>
      {isOpen && (
        <Dialog title={text.title} close={() => setIsOpen(false)}>
          <form
            class="stack"
            onSubmit={(event) => {
              event.preventDefault();
              void act();
            }}
          >
            <p>{text.means}</p>
            <label class="field">
              {TEXT.reason}
              <input
                type="text"
                required
                maxLength={500}
                value={reason}
                onInput={({ currentTarget }) => setReason(currentTarget.value)}
              />
            </label>
            {failure !== undefined && <Failed failure={failure} />}
            <div class="row">
              <button type="submit" class={isRecalled ? 'main' : 'danger'}>
                {text.submit}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
