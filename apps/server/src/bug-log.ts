import { Logger } from '@nestjs/common';

/** The same error is logged with its stack once in this time; others like it are counted. */
const EVERY_MS = 60_000;
/** No more different errors than this are told apart at a time. */
const KINDS = 50;

/** Logs unexpected errors: the first of each kind with its stack, and how many came after it. */
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

  /** Logs how often each error came again, and starts over. */
  count(): void {
    for (const [kind, times] of this.again) if (times > 0) this.write(`${times} more within a minute: ${kind}`);
    this.again.clear();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Without the numbers and ids in it, so that one error about many hosts is one kind. */
  private kindOf(error: unknown, text: string): string {
    const message = (error instanceof Error ? error.message : text).trim().split('\n')[0]!.slice(0, 300);
    const kind = message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '…');
    return this.again.has(kind) || this.again.size < KINDS ? kind : 'other errors';
  }
}

const logger = new Logger('bug');

/** The bugs that this process has met. */
export const bugs = new BugLog((text) => logger.error(text));
