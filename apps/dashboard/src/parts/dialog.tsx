import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { SHELL } from '../texts/shell.js';

/** A window above the page. Escape closes it, and the focus returns to where it was. */
export function Dialog({
  title,
  close,
  children,
}: {
  title: string;
  close: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={title} onClose={close}>
      <div class="stack">
        <div class="row apart">
          <h2>{title}</h2>
          <button type="button" onClick={() => dialog.current?.close()}>
            {SHELL.close}
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
