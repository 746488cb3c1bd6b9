import { useState } from 'preact/hooks';
import { SHELL } from '../texts/shell.js';

/** A text to copy, such as a command. */
export function Copy({ title, text }: { title: string; text: string }) {
  const [said, setSaid] = useState<string>(SHELL.copy);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid(SHELL.copied);
    } catch {
      // over plain http a browser has no clipboard
      setSaid(SHELL.copyFailed);
    }
  };
  return (
    <figure>
      <figcaption class="row apart">
        <span class="muted">{title}</span>
        <button type="button" class="plain" aria-live="polite" onClick={() => void copy()}>
          {said}
        </button>
      </figcaption>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
