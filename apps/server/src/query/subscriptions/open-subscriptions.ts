import type { FastifyRequest } from 'fastify';
import {
  type DocumentNode,
  type ExecutionResult,
  getOperationAST,
  GraphQLError,
  Kind,
  subscribe,
} from 'graphql';
import type { Access } from '../../access/access.js';
import { limitExceeded, RequestError } from '../../errors.js';
import type { SubscriptionLimits } from '../../subscription-limits.js';
import type { Questions } from '../graphql-http.js';
import { admitFields } from '../guard-fields.js';
import { rootFieldsOf } from '../root-fields.js';
import { TooSlow } from './event-queue.js';

/** How often the right of each sender is checked again. */
const CHECK_MS = 1_000;

/** A valid subscription. */
export interface SubscriptionRequest {
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | null;
  /** Has the token of the sender. */
  readonly request: FastifyRequest;
}

export type Results = AsyncGenerator<ExecutionResult, void, void>;

const DONE = { value: undefined, done: true } as const;

/** The field that an operation of a valid document subscribes to: a subscription has only one. */
function fieldOf(document: DocumentNode, operationName: string | null): string {
  const operation = getOperationAST(document, operationName);
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  const definitions = operation == null ? document.definitions : [operation, ...fragments];
  return rootFieldsOf({ kind: Kind.DOCUMENT, definitions })[0]!.name;
}

/** An open subscription: how it is ended from outside. */
interface Open {
  readonly sender: string;
  /** Which subscription of the schema it is. */
  readonly field: string;
  readonly check: () => Promise<void>;
  end: (error: Error | null) => void;
}

/** The open subscriptions of this server. They end with their tokens, and with the server. */
export class OpenSubscriptions {
  /** How many results were sent since the start, by field. */
  readonly delivered = new Map<string, number>();
  /** How many subscriptions were ended since the start because their readers were too slow, by field. */
  readonly dropped = new Map<string, number>();
  private readonly open = new Set<Open>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly access: Access,
    private readonly questions: Pick<Questions, 'schema' | 'toError'>,
    private readonly limits: Pick<SubscriptionLimits, 'open' | 'ofSender'>,
  ) {
    this.timer = setInterval(() => void this.check(), CHECK_MS).unref();
  }

  /** How many are open, by field. */
  get sizes(): Map<string, number> {
    const sizes = new Map<string, number>();
    for (const { field } of this.open) count(sizes, field);
    return sizes;
  }

  /**
   * Opens a subscription. Its last result is the error that ended it, if one did.
   *
   * @throws RequestError if the sender has no right to it, or too many are open
   */
  async begin(asked: SubscriptionRequest): Promise<Results | ExecutionResult> {
    const { document, request, variables, operationName } = asked;
    const check = async (): Promise<void> => admitFields(this.access, request, document);
    await check();
    const sender = request.bearer?.role === 'none' ? request.ip : (request.bearer?.name ?? request.ip);
    this.refuseTooMany(sender);
    // counts before it is open, so that those that begin at the same time count as well
    const field = fieldOf(document, operationName);
    const open: Open = { sender, field, check, end: () => undefined };
    this.open.add(open);
    try {
      const results = await subscribe({
        schema: this.questions.schema(),
        document,
        variableValues: variables,
        operationName,
        contextValue: { reply: { request } },
      });
      if (Symbol.asyncIterator in results) return this.until(results, open);
      this.open.delete(open);
      return this.format(results);
    } catch (error) {
      this.open.delete(open);
      throw error;
    }
  }

  /** Ends all subscriptions. */
  close(): void {
    clearInterval(this.timer);
    for (const { end } of this.open) end(null);
  }

  /** Ends the subscriptions whose senders have no right to them any more. */
  async check(): Promise<void> {
    await Promise.all(
      [...this.open].map(async ({ check, end }) =>
        check().catch((error: unknown) => {
          if (error instanceof RequestError) end(error);
        }),
      ),
    );
  }

  private refuseTooMany(sender: string): void {
    const { open, ofSender } = this.limits;
    if (this.open.size >= open) throw limitExceeded('open subscriptions', open, this.open.size + 1);
    const own = [...this.open].filter((each) => each.sender === sender).length;
    if (own >= ofSender) throw limitExceeded('open subscriptions of a sender', ofSender, own + 1);
  }

  private format({ errors, ...result }: ExecutionResult): ExecutionResult {
    return errors === undefined ? result : { ...result, errors: errors.map(this.questions.toError) };
  }

  /** The results of a subscription until its end, or until it is ended from outside. */
  private until(results: AsyncGenerator<ExecutionResult, void, void>, open: Open): Results {
    let isOver = false;
    /** What it was ended with from outside; undefined: it was not. */
    let ended: Error | null | undefined;
    // of the result that is waited for; a promise of the end would keep a reaction for each result
    let endWait: Open['end'] = () => undefined;
    open.end = (error) => {
      if (ended === undefined) ended = error;
      endWait(ended);
    };
    const wait = async (): Promise<IteratorResult<ExecutionResult, void>> =>
      new Promise((resolve, reject) => {
        endWait = (error) => (error === null ? resolve(DONE) : reject(error));
        if (ended === undefined) results.next().then(resolve, reject);
        else endWait(ended);
      });
    const finish = (): void => {
      isOver = true;
      this.open.delete(open);
      void results.return();
      open.end(null);
    };
    // no generator: its `return` would wait for the next result
    return {
      next: async () => {
        if (isOver) return DONE;
        try {
          const result = await wait();
          if (result.done !== true) {
            count(this.delivered, open.field);
            return { value: this.format(result.value), done: false };
          }
          finish();
          return DONE;
        } catch (error) {
          if (error instanceof TooSlow) count(this.dropped, open.field);
          finish();
          return { value: this.format({ errors: [toGraphqlError(error as Error)] }), done: false };
        }
      },
      return: async () => {
        finish();
        return DONE;
      },
      throw: async (error) => {
        if (error instanceof TooSlow) count(this.dropped, open.field);
        finish();
        return DONE;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

function count(counts: Map<string, number>, field: string): void {
  counts.set(field, (counts.get(field) ?? 0) + 1);
}

const toGraphqlError = (error: Error): GraphQLError =>
  new GraphQLError(error.message, {
    originalError: error instanceof TooSlow ? new RequestError('LIMIT_EXCEEDED', error.message) : error,
  });
