import { z } from 'zod';

const integer = (unit: string, min: number, max: number, standard: number) =>
  z.coerce
    .number({ error: `must be a number${unit}` })
    .int()
    .min(min)
    .max(max)
    .default(standard);

const IngestEnvironment = z.object({
  KLPREG_INGEST_BATCH_SIZE: integer('', 1, 5000, 500),
  KLPREG_INGEST_BATCH_WAIT_MS: integer(' of milliseconds', 0, 1000, 3),
  KLPREG_INGEST_PARALLEL_BATCHES: integer('', 1, 16, 2),
  KLPREG_INGEST_QUEUE: integer('', 1, 100_000, 5000),
  KLPREG_INGEST_QUEUE_DELAY_MS: integer(' of milliseconds', 10, 60_000, 1000),
  KLPREG_INGEST_NEW_CONNECTIONS: integer('', 1, 100_000, 200),
  KLPREG_INGEST_NEW_CONNECTIONS_DELAY_MS: integer(' of milliseconds', 1, 60_000, 250),
  KLPREG_INGEST_RETRY_MIN_MS: integer(' of milliseconds', 1000, 3_600_000, 2000),
  KLPREG_INGEST_RETRY_MAX_MS: integer(' of milliseconds', 1000, 3_600_000, 60_000),
  KLPREG_INGEST_TOKEN_LOOKUPS: integer('', 1, 10_000, 200),
  KLPREG_INGEST_BODY_MEMORY_MIB: integer(' of MiB', 8, 65_536, 64),
});

const CredentialEnvironment = z.object({
  KLPREG_CREDENTIAL_HOURS: integer(' of hours', 1, 720, 24),
  KLPREG_CREDENTIAL_GRACE_DAYS: integer(' of days', 0, 3650, 30),
});

/** Settings of host credentials. */
export interface CredentialSettings {
  /** How long a credential is valid. Hosts renew it from half of that time on. */
  readonly lifeHours: number;
  /** How long after its expiry the key of a host still renews it; 0: without a limit. */
  readonly graceDays: number;
}

/** Limits of ingest. Each has its setting `KLPREG_INGEST_…`; the defaults suit two cores. */
export interface IngestLimits {
  /** Maximum number of messages in one transaction. */
  readonly batchSize: number;
  /** How long the first message of a batch waits for others. */
  readonly batchWaitMs: number;
  /**
   * Maximum number of batches of one endpoint that are stored at the same time.
   *
   * With two, one is decided while PostgreSQL stores the other. More make each batch smaller, and its fixed cost counts more.
   */
  readonly parallelBatches: number;
  /** Maximum number of pending messages of one endpoint. */
  readonly queue: number;
  /** Target queueing delay. Beyond what is stored within it, requests get 503. */
  readonly queueDelayMs: number;
  /** Maximum number of pending messages, above which new connections get 503 while the accept backlog is not drained. */
  readonly newConnections: number;
  /** How long the accept backlog may take before that maximum applies. It halves each time this duration doubles. */
  readonly newConnectionsDelayMs: number;
  /**
   * Range of `Retry-After`. An agent waits 10 to 15 s for an answer and tries for 30 s. After a longer `Retry-After` most wait
   * for their next cycle, which costs nothing.
   */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Maximum number of requests whose token is looked up in the database at the same time. */
  readonly tokenLookups: number;
  /** Memory for all bodies above 16 KiB that are received or not answered yet. */
  readonly bodyMemoryBytes: number;
}

const Environment = z.object({
  DATABASE_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error:
        'must be a PostgreSQL address, such as postgresql://user:secret@host:5432/klpreg, or postgresql:///klpreg?host=/run/postgresql&user=klpreg for a unix socket',
    })
    .optional(),
  DATABASE_READ_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error: 'must be a PostgreSQL address, such as postgresql://user:secret@replica:5432/klpreg',
    })
    .optional(),
  KLPREG_DATA: z.string().min(1).default('.data'),
  KLPREG_ADMIN_TOKEN_DAYS: integer(' of days', 1, 3650, 30),
  KLPREG_NEW_ADMIN_TOKEN: z.enum(['yes', 'no'], { error: 'must be yes or no' }).default('no'),
  KLPREG_HOST: z.string().min(1).default('127.0.0.1'),
  KLPREG_ACCESS: z.enum(['on', 'off'], { error: 'must be on or off' }).optional(),
  KLPREG_ALLOWED_HOSTS: z
    .string()
    .regex(
      /^\s*[^\s,/]+(?:\s*,\s*[^\s,/]+)*\s*$/,
      'must be names separated by commas, without ports, such as registry.example,10.0.0.7',
    )
    .optional(),
  KLPREG_REQUEST_TIMEOUT: z.coerce
    .number({ error: 'must be a number of seconds' })
    .int()
    .min(1)
    .max(3600)
    .default(60),
  KLPREG_PORT: z.coerce.number({ error: 'must be a port number' }).int().min(0).max(65_535).default(3000),
  KLPREG_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('warn'),
  KLPREG_INTERVAL: z.coerce
    .number({ error: 'must be a number of seconds' })
    .int()
    .min(5)
    .max(3600)
    .default(60),
  KLPREG_HISTORY_DAYS: z.coerce
    .number({ error: 'must be a number of days' })
    .int()
    .min(1)
    .max(3650)
    .default(30),
  ...CredentialEnvironment.shape,
  ...IngestEnvironment.shape,
  KLPREG_DATABASE_CONNECTIONS: z.coerce
    .number({ error: 'must be a number' })
    .int()
    .min(1)
    .max(200)
    .default(10),
});

const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);

/** The configuration of the server. */
export interface Config {
  /** null: the embedded PostgreSQL below `dataDir`. */
  readonly databaseUrl: string | null;
  /** A replica that answers questions; null: the database itself does. */
  readonly databaseReadUrl: string | null;
  /** Holds the embedded database and the first admin token. */
  readonly dataDir: string;
  /** Validity of an admin token that the server creates. */
  readonly adminTokenDays: number;
  /** Create an admin token at the start if none is valid any more. */
  readonly newAdminToken: boolean;
  readonly host: string;
  /** False: questions need no token. Only for a server that binds the loopback address. */
  readonly access: boolean;
  /** Accepted values of the Host header, in addition to loopback names and the local address of the connection. */
  readonly allowedHosts: readonly string[];
  /** Seconds until a request must have been received in full. */
  readonly requestTimeoutSeconds: number;
  /** 0: any free port. */
  readonly port: number;
  readonly logLevel: z.infer<typeof Environment>['KLPREG_LOG_LEVEL'];
  /** Seconds between two heartbeats of a host. */
  readonly intervalSeconds: number;
  /** Retention period of history. */
  readonly historyDays: number;
  readonly credentials: CredentialSettings;
  readonly ingest: IngestLimits;
  readonly databaseConnections: number;
}

/** An invalid configuration. The message names each wrong setting. */
export class ConfigError extends Error {}

/** Settings of the agent and the command line, which may be in the same environment. */
const CLIENTS =
  /^KLPREG_(?:URL|TOKEN|TOKEN_FILE|CONFIG|TIMEOUT|OUTPUT|ROOT|SYS|PROC|LIB_MODULES|KPATCH|BOOT|BOOT_ID|MODULES|STATE|INSTANCE|HOSTNAME|LABELS?|ARCH|KERNEL_RELEASE|ENROL_TOKEN|ENROL_TOKEN_FILE)$/;

const secret = (name: string, value: string | undefined): string =>
  name === 'DATABASE_URL' || name === 'DATABASE_READ_URL'
    ? 'an address that is not shown'
    : JSON.stringify(value);

/**
 * Reads the configuration from environment variables.
 *
 * @throws ConfigError with each wrong setting, what was found and what is allowed; also for an unknown `KLPREG_` name
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const unknown = Object.keys(set).filter(
    (name) => name.startsWith('KLPREG_') && !(name in Environment.shape) && !CLIENTS.test(name),
  );
  const parsed = Environment.safeParse({ KLPREG_PORT: set['PORT'], ...set });
  const wrong = parsed.success
    ? []
    : parsed.error.issues.map(
        (issue) =>
          `${issue.path.join('.')}: ${issue.message} (found ${secret(String(issue.path[0]), set[String(issue.path[0])])})`,
      );
  wrong.push(
    ...unknown.map(
      (name) => `${name}: is not a setting; there are ${Object.keys(Environment.shape).join(', ')}`,
    ),
  );
  if (parsed.success && parsed.data.KLPREG_ACCESS === 'off' && !isLoopback(parsed.data.KLPREG_HOST))
    wrong.push(
      `KLPREG_ACCESS: off needs the loopback address in KLPREG_HOST (found ${parsed.data.KLPREG_HOST}): ` +
        'others could read the whole fleet. Remove KLPREG_ACCESS, or set KLPREG_HOST=127.0.0.1',
    );
  if (!parsed.success || wrong.length > 0)
    throw new ConfigError(`The configuration is wrong:\n${wrong.map((line) => `  ${line}`).join('\n')}`);
  const { data } = parsed;
  return {
    databaseUrl: data.DATABASE_URL ?? null,
    databaseReadUrl: data.DATABASE_READ_URL ?? null,
    dataDir: data.KLPREG_DATA,
    adminTokenDays: data.KLPREG_ADMIN_TOKEN_DAYS,
    newAdminToken: data.KLPREG_NEW_ADMIN_TOKEN === 'yes',
    host: data.KLPREG_HOST,
    access: data.KLPREG_ACCESS === undefined ? !isLoopback(data.KLPREG_HOST) : data.KLPREG_ACCESS === 'on',
    allowedHosts: data.KLPREG_ALLOWED_HOSTS?.split(',').map((name) => name.trim()) ?? [],
    requestTimeoutSeconds: data.KLPREG_REQUEST_TIMEOUT,
    port: data.KLPREG_PORT,
    logLevel: data.KLPREG_LOG_LEVEL,
    intervalSeconds: data.KLPREG_INTERVAL,
    historyDays: data.KLPREG_HISTORY_DAYS,
    credentials: {
      lifeHours: data.KLPREG_CREDENTIAL_HOURS,
      graceDays: data.KLPREG_CREDENTIAL_GRACE_DAYS,
    },
    ingest: {
      batchSize: data.KLPREG_INGEST_BATCH_SIZE,
      batchWaitMs: data.KLPREG_INGEST_BATCH_WAIT_MS,
      parallelBatches: data.KLPREG_INGEST_PARALLEL_BATCHES,
      queue: data.KLPREG_INGEST_QUEUE,
      queueDelayMs: data.KLPREG_INGEST_QUEUE_DELAY_MS,
      newConnections: data.KLPREG_INGEST_NEW_CONNECTIONS,
      newConnectionsDelayMs: data.KLPREG_INGEST_NEW_CONNECTIONS_DELAY_MS,
      retryMinMs: data.KLPREG_INGEST_RETRY_MIN_MS,
      retryMaxMs: data.KLPREG_INGEST_RETRY_MAX_MS,
      tokenLookups: data.KLPREG_INGEST_TOKEN_LOOKUPS,
      bodyMemoryBytes: data.KLPREG_INGEST_BODY_MEMORY_MIB * 2 ** 20,
    },
    databaseConnections: data.KLPREG_DATABASE_CONNECTIONS,
  };
}

/** Injection token of the configuration. */
export const CONFIG = Symbol('CONFIG');
