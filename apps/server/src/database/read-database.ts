import { Database, type DatabaseOptions } from './database.js';
import { Prisma } from './generated/client.js';
import { LOG_POSITION, type LogPosition } from './log-position.js';
import { isUnavailable } from './unavailable.js';

/** The interval between checks of the replica. While it is down, the primary answers. */
const TRY_MS = 2_000;

/**
 * The database for questions: a replica, or the primary. Its rows may be slightly old, and each statement is
 * of one instant.
 *
 * If the replica fails, the statement is repeated on the primary, as are all others until the replica is
 * back.
 */
export abstract class ReadDatabase extends Database {
  /** The replica without the fallback to the primary; null: there is none. */
  abstract readonly replica: Database | null;
}

/** The database for questions. */
export function readDatabase(main: Database, { readUrl, connections }: DatabaseOptions): Database {
  if (readUrl === null) return main;
  return withFallback(new Database({ url: readUrl, connections, isReplica: true }), main);
}

function withFallback(replica: Database, main: Database): Database {
  const state = new ReplicaState(replica, main);
  type Method = (...args: unknown[]) => Promise<unknown>;
  const either =
    (of: (database: Database) => Method): Method =>
    async (...args) => {
      if (state.down) return of(main)(...args);
      try {
        return await of(replica)(...args);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        state.failed();
        return of(main)(...args);
      }
    };
  const reading = (model: string) =>
    Object.fromEntries(
      READS.map((method) => [
        method,
        either((database) => Reflect.get(Reflect.get(database, model) as object, method) as Method),
      ]),
    );
  const instead: Record<PropertyKey, unknown> = {
    $queryRaw: either((database) => database.$queryRaw.bind(database) as unknown as Method),
    ...Object.fromEntries(MODELS.map((model) => [model, reading(model)])),
    onApplicationShutdown: async () => {
      state.close();
      await replica.onApplicationShutdown();
    },
    replica,
  };
  return new Proxy(replica, {
    get: (target, key) => (Object.hasOwn(instead, key) ? instead[key] : Reflect.get(target, key)),
    has: (target, key) => Object.hasOwn(instead, key) || key in target,
  });
}

const READS = ['findMany', 'findUnique', 'findFirst', 'count'] as const;
const MODELS = Object.keys(Prisma.ModelName).map((name) => name[0]!.toLowerCase() + name.slice(1));

/**
 * Whether the replica answers, and belongs to this primary. Checked regularly: connections survive a
 * promotion.
 */
class ReplicaState {
  down = false;
  private readonly timer: NodeJS.Timeout;
  private looking = false;

  constructor(
    private readonly replica: Database,
    private readonly main: Database,
  ) {
    this.timer = setInterval(() => void this.look(), TRY_MS).unref();
  }

  failed(): void {
    this.down = true;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      const [row] = await this.replica.$queryRaw<LogPosition[]>`SELECT ${LOG_POSITION}`;
      // another epoch: behind, of another cluster, or promoted to a primary of its own
      this.down = row?.epoch !== this.main.epochName;
    } catch {
      this.down = true;
    } finally {
      this.looking = false;
    }
  }
}

/** The replica of the database for questions; null: there is none. */
export const replicaOf = (read: Database, main: Database): Database | null =>
  read === main ? null : (read as ReadDatabase).replica;
