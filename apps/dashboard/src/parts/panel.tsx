import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** A part of a view with its heading. */
export function Panel({
  title,
  aside,
  wide = false,
  children,
}: {
  title: string;
  /** What stands right of the heading. */
  aside?: ComponentChildren;
  /** It takes the whole width of the view. */
  wide?: boolean;
  children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={wide ? 'panel wide' : 'panel'} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
