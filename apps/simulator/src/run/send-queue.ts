import type { Message } from './send.js';

/**
 * Messages that wait for a connection. Reports are sent before heartbeats because the registry needs them
 * first.
 */
export class SendQueue {
  private readonly queues: Record<Message['kind'], { messages: Message[]; from: number }> = {
    report: { messages: [], from: 0 },
    heartbeat: { messages: [], from: 0 },
  };
  private waiting: (() => void)[] = [];
  private closed = false;

  get length(): number {
    const { report, heartbeat } = this.queues;
    return report.messages.length - report.from + heartbeat.messages.length - heartbeat.from;
  }

  push(message: Message): void {
    this.queues[message.kind].messages.push(message);
    this.waiting.pop()?.();
  }

  /**
   * Removes messages of one kind, oldest first. Waits until there is at least one.
   *
   * @param limit maximum number of messages
   * @returns no messages if the queue is closed
   */
  async take(limit: number): Promise<Message[]> {
    while (!this.closed) {
      for (const queue of [this.queues.report, this.queues.heartbeat]) {
        if (queue.messages.length === queue.from) continue;
        const taken = queue.messages.slice(queue.from, queue.from + limit);
        queue.from += taken.length;
        if (queue.from === queue.messages.length || queue.from > 10_000) {
          queue.messages = queue.messages.slice(queue.from);
          queue.from = 0;
        }
        return taken;
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return [];
  }

  close(): void {
    this.closed = true;
    for (const wake of this.waiting.splice(0)) wake();
  }
}
