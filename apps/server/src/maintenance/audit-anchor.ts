import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import type { SignedHead } from '../store/access/audit-chain.js';
import { AuditStore } from '../store/access/audit.store.js';

const TIMEOUT_MS = 10_000;

/**
 * Sends the signed head of the audit log to a place outside the database, whenever the log has grown.
 *
 * A person who can change the database can remove the last entries. The chain alone does not show that; a
 * kept head does.
 */
@Injectable()
export class AuditAnchor {
  private readonly log = new Logger('AuditAnchor');
  private sent = 0n;
  private failing = false;

  constructor(
    private readonly audit: AuditStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Sends the head if it has changed. A failure is logged once, and the next call tries again. */
  async send(): Promise<void> {
    const { auditWebhook: url } = this.config;
    if (url === null) return;
    const head = await this.audit.head();
    if (head === null || head.number === this.sent) return;
    const problem = await post(url, head);
    if (problem === null) this.sent = head.number;
    if (problem !== null && !this.failing)
      this.log.warn(
        `the head of the audit log (entry ${head.number}) could not be ` +
          `sent to KLPREG_AUDIT_WEBHOOK: ${problem}. ` +
          'The server tries again each minute',
      );
    if (problem === null && this.failing) this.log.warn('the head of the audit log could be sent again');
    this.failing = problem !== null;
  }
}

/** Returns why the head was not accepted; null if it was. */
async function post(url: string, head: SignedHead): Promise<string | null> {
  const body = JSON.stringify({ schemaVersion: 1, ...head, number: String(head.number) });
  const headers = { 'content-type': 'application/json' };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
    await response.body?.cancel();
    return response.ok ? null : `it answered ${response.status}`;
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error };
    return cause?.message ?? message;
  }
}
