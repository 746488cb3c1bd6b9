import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { bugs } from '../../bug-log.js';
import { type Config, CONFIG } from '../../config.js';
import { Notifications } from '../../store/changes/notifications.js';
import { isUnavailable } from '../../database/unavailable.js';
import { RequestError } from '../../errors.js';
import { EventQueue } from './event-queue.js';

/** What is watched. Readers that watch the same thing share it. */
export interface Watch<State, Event> {
  /** Asks for the present state. */
  readonly ask: (before: State | null) => Promise<State>;
  /** Its events are changes: a reader that misses one gets it later, and none gets the present state. */
  readonly hasChanges?: true;
  /**
   * Returns what changed; null: there is no event. Without a state before, it is the first one of a reader.
   */
  readonly eventOf: (before: State | null, state: State) => Event | null;
}

/** Silence and lost notifications are found by asking again after this time. */
const POLL_MS = 10_000;

/**
 * Asks for what is watched when something changed: once for each change and each different question, however
 * many readers there are.
 */
@Injectable()
export class Watches implements OnModuleDestroy {
  /** How many questions were asked. */
  asked = 0;
  private readonly watched = new Map<string, Watched>();
  private timer: NodeJS.Timeout | undefined;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly notifications: Notifications,
    @Inject(CONFIG) private readonly config: Pick<Config, 'subscriptions'>,
  ) {}

  /** @param key equal for what has equal events */
  subscribe<State, Event>(key: string, watch: Watch<State, Event>): AsyncIterableIterator<Event> {
    if (this.watched.size === 0) this.start();
    const known = this.watched.get(key);
    const watched =
      known ?? new Watched(watch as unknown as Watch<unknown, unknown>, async (ask) => this.inTurn(ask));
    this.watched.set(key, watched);
    const queue = new EventQueue<unknown>(this.config.subscriptions.behind, () => {
      watched.leave(queue);
      if (!watched.isEmpty || this.watched.get(key) !== watched) return;
      this.watched.delete(key);
      if (this.watched.size === 0) this.stop();
    });
    watched.join(queue);
    return queue as unknown as AsyncIterableIterator<Event>;
  }

  /** Asks for everything that is watched. @param again also sends each reader the present state */
  lookAll(again = false): void {
    for (const watched of this.watched.values()) watched.look(again);
  }

  /** Waits until all questions are answered. */
  async settled(): Promise<void> {
    await Promise.all([...this.watched.values()].map(async (watched) => watched.settled()));
  }

  async onModuleDestroy(): Promise<void> {
    this.stop();
    await this.settled();
  }

  private async inTurn(ask: () => Promise<void>): Promise<void> {
    if (this.running < this.config.subscriptions.questions) this.running += 1;
    else await new Promise<void>((resolve) => void this.waiting.push(resolve));
    try {
      this.asked += 1;
      await ask();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  private start(): void {
    let isFirst = true;
    this.notifications.start((isNewConnection) => {
      this.lookAll(isNewConnection && !isFirst);
      isFirst = false;
    });
    this.timer = setInterval(() => this.lookAll(), POLL_MS).unref();
  }

  private stop(): void {
    clearInterval(this.timer);
    void this.notifications.stop();
  }
}

/** One thing that is watched, and its readers. */
class Watched {
  /** The readers, and whether each knows the last state. */
  private readonly readers = new Map<EventQueue<unknown>, boolean>();
  private state: unknown = null;
  private running: Promise<void> | null = null;
  private isDirty = false;

  constructor(
    private readonly watch: Watch<unknown, unknown>,
    private readonly inTurn: (ask: () => Promise<void>) => Promise<void>,
  ) {}

  get isEmpty(): boolean {
    return this.readers.size === 0;
  }

  join(queue: EventQueue<unknown>): void {
    this.readers.set(queue, false);
    if (this.state === null) {
      if (this.running === null) this.look();
    } else this.tell(null, queue);
  }

  leave(queue: EventQueue<unknown>): void {
    this.readers.delete(queue);
  }

  async settled(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  /** Asks, or asks again after the question that runs: it may have seen the state before. */
  look(again = false): void {
    if (again && this.watch.hasChanges !== true)
      for (const queue of this.readers.keys()) this.readers.set(queue, false);
    if (this.running !== null) {
      this.isDirty = true;
      return;
    }
    this.running = this.inTurn(async () => this.ask()).finally(() => {
      this.running = null;
      if (!this.isDirty || this.isEmpty) return;
      this.isDirty = false;
      this.look();
    });
  }

  private async ask(): Promise<void> {
    try {
      const before = this.state;
      this.state = await this.watch.ask(before);
      for (const queue of this.readers.keys()) this.tell(before, queue);
    } catch (error) {
      // it is asked again, and the readers keep what they know
      if (isUnavailable(error)) return;
      if (!(error instanceof RequestError)) bugs.note(error as Error);
      for (const queue of this.readers.keys()) queue.fail(error as Error);
    }
  }

  private tell(before: unknown, queue: EventQueue<unknown>): void {
    const event = this.watch.eventOf(this.readers.get(queue) === true ? before : null, this.state);
    this.readers.set(queue, true);
    if (event !== null) queue.push(event);
  }
}
