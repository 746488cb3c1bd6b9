import { SHELL } from '../texts/shell.js';
import { type Counts, type Kind, KINDS, SIGNS } from './kinds.js';
import { count, share } from './numbers.js';

/** A verdict in a word, with its sign and colour. */
export const VerdictTag = ({ kind }: { kind: Kind }) => (
  <span class={`verdict ${kind}`} title={SHELL.verdictMeaning[kind]}>
    <span class="sign" aria-hidden="true">
      {SIGNS[kind]}
    </span>
    {SHELL.verdicts[kind]}
  </span>
);

/** One part of a whole. Its name is also the class that has its colour. */
export interface Part {
  readonly name: string;
  readonly label: string;
  readonly hosts: number;
  readonly href?: string;
}

/** Hosts by some property, as a bar with a legend that has the numbers. */
export function Shares({ parts, label }: { parts: readonly Part[]; label: string }) {
  const total = parts.reduce((sum, { hosts }) => sum + hosts, 0);
  return (
    <div>
      <div class="bar" aria-hidden="true">
        {parts
          .filter(({ hosts }) => hosts > 0)
          .map(({ name, hosts }) => (
            <span key={name} class={name} style={{ flexGrow: hosts }} />
          ))}
      </div>
      <ul class="legend" aria-label={label}>
        {parts.map(({ name, label, hosts, href }) => (
          <li key={name}>
            <span class={`swatch ${name}`} aria-hidden="true" />
            {href === undefined ? label : <a href={href}>{label}</a>}
            <strong>{count(hosts)}</strong>
            <span class="muted">{share(hosts, total)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Hosts by verdict. */
export function VerdictShares({ counts, href }: { counts: Counts; href?: (kind: Kind) => string }) {
  const parts = KINDS.map((kind) => ({
    name: kind,
    label: SHELL.verdicts[kind],
    hosts: counts[kind.toLowerCase() as Lowercase<Kind>],
    ...(href !== undefined && { href: href(kind) }),
  }));
  return <Shares parts={parts} label={SHELL.verdictShares} />;
}
