import type { ComponentChildren } from 'preact';
import { SHELL } from '../texts/shell.js';
import { visible } from './visible.js';

/** A reason as a host, a cohort or the fleet has it. */
export interface ShownReason {
  readonly code: string;
  readonly kind: 'REFUSED' | 'UNSAFE' | 'UNKNOWN' | 'ADVISORY';
  readonly clearedBy: keyof typeof SHELL.clearedBys;
  readonly text: string;
  readonly help: string;
}

/** Reasons as a list: the code, the sentence with the facts, and what to do. */
export const Reasons = ({ reasons }: { reasons: readonly ShownReason[] }) => (
  <ul class="reasons">
    {reasons.map((reason, index) => (
      <ReasonItem key={`${reason.code} ${index}`} reason={reason} />
    ))}
  </ul>
);

export const ReasonItem = ({ reason, children }: { reason: ShownReason; children?: ComponentChildren }) => (
  <li class={`reason ${reason.kind}`}>
    <p class="row apart">
      <code title={reason.help}>{reason.code}</code>
      {children}
    </p>
    <p class="foreign">{visible(reason.text)}</p>
    {reason.clearedBy !== 'NOTHING' && (
      <p class="muted">{SHELL.clearedBy(SHELL.clearedBys[reason.clearedBy])}</p>
    )}
  </li>
);
