import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from './dialog.js';
import { Failed } from './messages.js';
import type { Failure } from '../registry/failure.js';

/** A button that opens a form in a window. */
export function FormButton({
  title,
  intro,
  wrong,
  busy,
  failure,
  submit,
  children,
}: {
  title: string;
  intro?: string;
  /** What is wrong with the fields, before anything is sent. */
  wrong?: string | undefined;
  busy: boolean;
  failure: Failure | undefined;
  /** True: it was done, and the form closes. */
  submit: () => Promise<boolean>;
  children: ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const send = async (event: Event) => {
    event.preventDefault();
    if (await submit()) setOpen(false);
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {title}
      </button>
      {open && (
        <Dialog title={title} close={() => setOpen(false)}>
          <form class="stack" onSubmit={(event) => void send(event)}>
            {intro !== undefined && <p>{intro}</p>}
            {children}
            {wrong !== undefined && (
              <p class="field-wrong" role="alert">
                {wrong}
              </p>
            )}
            {failure !== undefined && <Failed failure={failure} />}
            <div class="row">
              <button type="submit" class="main" disabled={busy}>
                {title}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
