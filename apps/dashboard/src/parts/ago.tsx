import { SHELL } from '../texts/shell.js';
import { duration, localTime } from './numbers.js';

/** How long ago something was, or in how long it will be, with the time itself on hover. */
export function Ago({ at, now = Date.now() }: { at: string | null | undefined; now?: number }) {
  if (at == null) return <span class="muted">{SHELL.never}</span>;
  const seconds = (now - Date.parse(at)) / 1000;
  const text = duration(Math.abs(seconds));
  return (
    <time dateTime={at} title={localTime(at)}>
      {Math.abs(seconds) < 1 ? SHELL.now : seconds > 0 ? SHELL.ago(text) : SHELL.in(text)}
    </time>
  );
}
