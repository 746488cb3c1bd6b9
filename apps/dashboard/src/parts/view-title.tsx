import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { SHELL } from '../texts/shell.js';

/** The heading of a view, which is also the title of the window. */
export function ViewTitle({ title, children }: { title: string; children?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} · ${SHELL.name}`;
  }, [title]);
  return (
    <div class="view-title">
      <h1 class="foreign">{title}</h1>
      {children}
    </div>
  );
}
