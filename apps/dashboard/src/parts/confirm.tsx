import { useState } from 'preact/hooks';
import type { Failure } from '../registry/failure.js';
import { SHELL } from '../texts/shell.js';
import { Dialog } from './dialog.js';
import { Failed } from './messages.js';

/** A button for a change that cannot be taken back easily: says what it does, and asks for the reason. */
export function Confirm({
  action,
  title,
  meaning,
  needsReason = true,
  busy,
  failure,
  make,
}: {
  /** On the button. */
  action: string;
  /** Of the window: the action and its object. */
  title: string;
  /** What happens. */
  meaning: string;
  needsReason?: boolean;
  busy: boolean;
  failure: Failure | undefined;
  /** True: it was made. */
  make: (reason: string) => Promise<boolean>;
}) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await make(reason.trim())) setOpen(false);
  };
  return (
    <>
      <button type="button" class="plain" onClick={() => setOpen(true)}>
        {action}
      </button>
      {open && (
        <Dialog title={title} close={() => setOpen(false)}>
          <form class="stack" onSubmit={(event) => void submit(event)}>
            <p class="foreign">{meaning}</p>
            {needsReason && (
              <label class="field">
                {SHELL.reason}
                <input
                  type="text"
                  value={reason}
                  required
                  onInput={({ currentTarget }) => setReason(currentTarget.value)}
                />
              </label>
            )}
            {failure !== undefined && <Failed failure={failure} />}
            <div class="row">
              <button type="submit" class="danger" disabled={busy}>
                {action}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
