import type { FastifyInstance } from 'fastify';
import { type GraphQLFieldResolver, isObjectType, OperationTypeNode, Kind, type DocumentNode } from 'graphql';
import 'mercurius';
import { limitExceeded } from '../errors.js';

/** When the time of a question is over. */
class Deadline {
  isOver = false;
  /** Rejects then. */
  readonly over: Promise<never>;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly seconds: number) {
    this.over = new Promise((_, reject) => {
      this.timer = setTimeout(() => {
        this.isOver = true;
        reject(this.error());
      }, seconds * 1000).unref();
    });
    // a question may have no field that waits
    this.over.catch(() => undefined);
  }

  error(): Error {
    return limitExceeded('seconds for a question', this.seconds, 'more', '/query');
  }

  cancel(): void {
    clearTimeout(this.timer);
  }
}

interface Timed {
  deadline?: Deadline;
}

/**
 * Bounds the time of what a mutation asks before it has an effect. When it is over, there is none.
 *
 * @param ask gets a function that throws once no time is left
 * @throws RequestError LIMIT_EXCEEDED
 */
export async function inTime<Result>(
  seconds: number,
  ask: (checkTime: () => void) => Promise<Result>,
): Promise<Result> {
  const deadline = new Deadline(seconds);
  const checkTime = (): void => {
    if (deadline.isOver) throw deadline.error();
  };
  try {
    return await Promise.race([ask(checkTime), deadline.over]);
  } finally {
    deadline.cancel();
  }
}

/**
 * Ends work in several parts whose question has no time left: its sender has the error already.
 *
 * @param context of the GraphQL request
 * @throws RequestError LIMIT_EXCEEDED
 */
export function checkTime(context: object): void {
  const { deadline } = context as Timed;
  if (deadline?.isOver === true) throw deadline.error();
}

const isQuery = ({ definitions }: DocumentNode): boolean =>
  definitions.some(
    (one) => one.kind === Kind.OPERATION_DEFINITION && one.operation === OperationTypeNode.QUERY,
  );

/**
 * Bounds the time of a whole question: from then on, no resolver of it starts, and those that wait fail. A
 * statement that runs has its own limit. A mutation has none, because its sender must know whether it had an
 * effect; what it asks before it has one is bounded by `inTime`.
 *
 * Call it after `guardFields`: what is refused starts no time.
 */
export function limitTime(fastify: FastifyInstance, seconds: number): void {
  fastify.addHook('onReady', async () => {
    for (const type of Object.values(fastify.graphql.schema.getTypeMap()))
      if (isObjectType(type))
        for (const field of Object.values(type.getFields()))
          if (field.resolve !== undefined) field.resolve = within(field.resolve);
    fastify.graphql.addHook('preExecution', async (_schema, document, context) => {
      if (isQuery(document)) (context as Timed).deadline = new Deadline(seconds);
    });
    fastify.graphql.addHook('onResolution', async (_execution, context) => {
      (context as Timed).deadline?.cancel();
    });
  });
}

const within =
  (resolve: GraphQLFieldResolver<unknown, unknown>): GraphQLFieldResolver<unknown, unknown> =>
  (source, args, context, info) => {
    const { deadline } = context as Timed;
    if (deadline?.isOver === true) throw deadline.error();
    const result = resolve(source, args, context, info);
    return deadline !== undefined && result instanceof Promise
      ? Promise.race([result, deadline.over])
      : result;
  };
