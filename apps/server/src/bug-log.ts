import { Logger } from '@nestjs/common';

/** In this period an error is logged with its stack once, and its repetitions are counted. */
const EVERY_MS = 60_000;
/** Maximum number of kinds of errors in one period. */
const KINDS = 50;

/** Logs unexpected errors: the first of each kind with its stack, then the number of repetitions. */
class BugLog {
  private readonly again = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;

  /** @param write takes one entry of the log */
  constructor(private readonly write: (text: string) => void) {}

  note(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const kind = this.kindOf(error, text);
    const times = this.again.get(kind);
    this.again.set(kind, times === undefined ? 0 : times + 1);
    if (times === undefined) this.write(text);
    this.timer ??= setTimeout(() => this.count(), EVERY_MS).unref();
  }

  /** Logs the number of repetitions of each error, and starts a new period. */
  count(): void {
    for (const [kind, times] of this.again)
      if (times > 0) this.write(`${times} more within a minute: ${kind}`);
    this.again.clear();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** The message without numbers and ids, so that one error about many hosts is one kind. */
  private kindOf(error: unknown, text: string): string {
    const message = (error instanceof Error ? error.message : text).trim().split('\n')[0]!.slice(0, 300);
    const kind = message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '…');
    return this.again.has(kind) || this.again.size < KINDS ? kind : 'other errors';
  }
}

const logger = new Logger('bug');

/** The bugs of this process. */
export const bugs = new BugLog((text) => logger.error(text));
