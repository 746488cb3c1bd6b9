import type { Sender } from '../access/agents.js';
import { bugs } from '../bug-log.js';
import type { Clock } from '../clock.js';
import type { IngestLimits } from '../ingest-limits.js';
import { RequestError, type ProblemDetails } from '../errors.js';
import { INLINE_LIMIT } from '../limits.js';
import { toProblem } from '../problem.filter.js';
import { isUnavailable } from '../database/unavailable.js';
import type { Scope } from '../store/access/tokens.store.js';
import { Batcher } from './batcher.js';
import { EndpointLoad } from './endpoint-load.js';
import { fromRefusal } from './jobs.js';
import { type Kind, type Messages, readBatch, readMessage } from './messages.js';
import { OutcomeCounters } from './outcome-counters.js';
import type { Worker } from './worker.js';

/** A valid message, and when its request arrived. */
export interface Received<K extends Kind> {
  readonly message: Messages[K];
  readonly receivedAt: Date;
  /** Who sent it, as it is stored. */
  readonly sentBy: string;
}

/** What differs between the endpoints. */
export interface EndpointOptions<K extends Kind, Answer> {
  readonly kind: K;
  /** Maximum number of bytes in the body of a single message. */
  readonly bodyLimit: number;
  readonly outcomes: readonly string[];
  readonly keyOf: (message: Messages[K]) => string;
  readonly store: (batch: readonly Received<K>[]) => Promise<readonly (Answer | Error)[]>;
  /** Returns which of these hosts are in the scope. */
  readonly membersOf: (ids: readonly string[], scope: Scope) => Promise<ReadonlySet<string>>;
  readonly parallelFrom: number;
  readonly answersPerTurn: number;
}

/** The answer to each message of a batch request, or its problem details, in their order. */
export interface BatchAnswer<Answer> {
  readonly results: readonly (Answer | ProblemDetails)[];
}

/** Codes that are counted from the start, so that a rate of them can be computed. */
const EXPECTED_CODES = ['BAD_USER_INPUT', 'UNAUTHENTICATED', 'FORBIDDEN', 'BUSY', 'UNAVAILABLE', 'INTERNAL'];

/**
 * Receives messages of one kind, alone or as batch requests: counts them, reads them and stores them through
 * the batcher.
 */
export class Endpoint<K extends Kind, Answer extends { readonly outcome: string }> {
  readonly load: EndpointLoad;
  readonly outcomes: OutcomeCounters;
  readonly batcher: Batcher<Received<K>, Answer>;

  constructor(
    private readonly options: EndpointOptions<K, Answer>,
    private readonly worker: Worker,
    private readonly clock: Clock,
    limits: IngestLimits,
  ) {
    const { outcomes, store, keyOf, parallelFrom, answersPerTurn } = options;
    this.load = new EndpointLoad(limits);
    this.outcomes = new OutcomeCounters([...outcomes, ...EXPECTED_CODES]);
    const batching = { ...limits, parallelFrom, answersPerTurn };
    this.batcher = new Batcher(store, ({ message }) => keyOf(message), batching);
  }

  get bodyLimit(): number {
    return this.options.bodyLimit;
  }

  /**
   * Stores a message. The answer means that it is durably committed.
   *
   * @param sender the hosts for which the request may send
   */
  async receive(bytes: Uint8Array, sender: Sender): Promise<Answer> {
    const { kind } = this.options;
    const receivedAt = this.clock.now();
    this.load.begin(1);
    try {
      const read =
        bytes.length <= INLINE_LIMIT ? () => readMessage(kind, bytes) : await this.readInWorker(bytes);
      const [own] = await this.ownOf([read], sender);
      const sentBy = sender.writtenAs;
      const answer = await this.batcher.add(() => ({ message: own!(), receivedAt, sentBy }));
      this.outcomes.count(answer.outcome);
      return answer;
    } finally {
      this.load.end(1);
    }
  }

  private async readInWorker(bytes: Uint8Array): Promise<() => Messages[K]> {
    const message = (await this.worker.run('message', { kind: this.options.kind, bytes })) as Messages[K];
    return () => message;
  }

  /**
   * Stores each message of a batch request by itself: a wrong one does not keep the others from being stored.
   */
  async receiveBatch(bytes: Uint8Array, sender: Sender): Promise<BatchAnswer<Answer>> {
    const receivedAt = this.clock.now();
    let pending = 1;
    this.load.begin(pending);
    try {
      const reads = await this.ownOf(await this.split(bytes), sender);
      const others = Math.max(0, reads.length - 1);
      pending += others;
      this.load.begin(others);
      return {
        results: await Promise.all(reads.map((read) => this.receiveOne(read, receivedAt, sender.writtenAs))),
      };
    } finally {
      this.load.end(pending);
    }
  }

  /**
   * Makes each read throw if its message is of a host for which the sender may not send. The hosts of a scope
   * are looked up once for all messages.
   */
  private ownOf(
    reads: readonly (() => Messages[K])[],
    { host, scope }: Sender,
  ): readonly (() => Messages[K])[] | Promise<readonly (() => Messages[K])[]> {
    if (scope !== null) return this.membersOf(reads, scope);
    return host === null ? reads : reads.map((read) => () => this.own(read(), host));
  }

  private async membersOf(reads: readonly (() => Messages[K])[], scope: Scope) {
    const settled = reads.map((read) => once(read));
    const ids = settled.flatMap((read) => attempt(() => this.options.keyOf(read())));
    const members = await this.options.membersOf([...new Set(ids)], scope);
    return settled.map((read) => () => this.member(read(), members));
  }

  /** @throws RequestError FORBIDDEN if the message is of another host */
  private own(message: Messages[K], host: string): Messages[K] {
    const found = this.options.keyOf(message);
    if (found === host) return message;
    const detail = `must be ${host}, the host of this credential`;
    throw new RequestError('FORBIDDEN', `this credential sends for host ${host} only, found ${found}`, [
      { pointer: pointerOf(message), detail, found },
    ]);
  }

  /** @throws RequestError NOT_FOUND if the message is not of one of these hosts */
  private member(message: Messages[K], members: ReadonlySet<string>): Messages[K] {
    const found = this.options.keyOf(message);
    if (members.has(found)) return message;
    const detail = 'must be a host with the labels of the scope, which an admin or its enrolment gave it';
    throw new RequestError('NOT_FOUND', `no host ${found} is in the scope of this token`, [
      { pointer: pointerOf(message), detail, found },
    ]);
  }

  /** @throws RequestError if the body is not a batch */
  private async split(bytes: Uint8Array): Promise<(() => Messages[K])[]> {
    const { kind } = this.options;
    if (bytes.length <= INLINE_LIMIT) return readBatch(kind, bytes);
    const items = await this.worker.run('batch', { kind, bytes });
    return items.map((item) => () => {
      if ('refusal' in item) throw fromRefusal(item.refusal);
      return item.message as Messages[K];
    });
  }

  /** @throws only if the database is unavailable: then the whole batch request is to be sent again */
  private async receiveOne(
    read: () => Messages[K],
    receivedAt: Date,
    sentBy: string,
  ): Promise<BatchAnswer<Answer>['results'][number]> {
    try {
      const answer = await this.batcher.add(() => ({ message: read(), receivedAt, sentBy }));
      this.outcomes.count(answer.outcome);
      return answer;
    } catch (error) {
      if (isUnavailable(error)) throw error;
      if (!(error instanceof RequestError)) bugs.note(error);
      const problem = toProblem(error);
      this.outcomes.count(problem.code);
      return problem;
    }
  }
}

const pointerOf = (message: object): string => ('host' in message ? '/host/instance' : '/instance');

/** Reads at most once, and throws the same error each time. */
function once<T>(read: () => T): () => T {
  let result: { readonly value: T } | { readonly error: unknown } | null = null;
  return () => {
    try {
      result ??= { value: read() };
    } catch (error) {
      result = { error };
    }
    if ('error' in result) throw result.error;
    return result.value;
  };
}

/** The result in a list; an empty list if the work throws. */
function attempt<T>(work: () => T): T[] {
  try {
    return [work()];
  } catch {
    return [];
  }
}
