import { z } from 'zod';

const Environment = z.object({
  DATABASE_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error:
        'must be a PostgreSQL address, such as postgresql://user:secret@host:5432/klpreg, or postgresql:///klpreg?host=/run/postgresql&user=klpreg for a unix socket',
    })
    .optional(),
  DATABASE_READ_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a PostgreSQL address, such as postgresql://user:secret@replica:5432/klpreg' })
    .optional(),
  KLPREG_DATA: z.string().min(1).default('.data'),
  KLPREG_HOST: z.string().min(1).default('127.0.0.1'),
  KLPREG_ALLOWED_HOSTS: z
    .string()
    .regex(/^\s*[^\s,/]+(?:\s*,\s*[^\s,/]+)*\s*$/, 'must be names separated by commas, without ports, such as registry.example,10.0.0.7')
    .optional(),
  KLPREG_REQUEST_TIMEOUT: z.coerce.number({ error: 'must be a number of seconds' }).int().min(1).max(3600).default(60),
  KLPREG_PORT: z.coerce.number({ error: 'must be a port number' }).int().min(0).max(65_535).default(3000),
  KLPREG_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('warn'),
  KLPREG_INTERVAL: z.coerce.number({ error: 'must be a number of seconds' }).int().min(5).max(3600).default(60),
  KLPREG_HISTORY_DAYS: z.coerce.number({ error: 'must be a number of days' }).int().min(1).max(3650).default(30),
  KLPREG_DATABASE_CONNECTIONS: z.coerce.number({ error: 'must be a number' }).int().min(1).max(200).default(10),
});

/** How the server is set up. */
export interface Config {
  /** Null: the embedded PostgreSQL below `dataDir`. */
  readonly databaseUrl: string | null;
  /** Of a replica that is asked instead; null: questions go to the database itself. */
  readonly databaseReadUrl: string | null;
  /** Holds the embedded database and the first admin token. */
  readonly dataDir: string;
  readonly host: string;
  /** Names by which the server may be asked, beyond the loopback names and the address that a connection comes to. */
  readonly allowedHosts: readonly string[];
  /** Seconds until a request must have been received in full. */
  readonly requestTimeoutSeconds: number;
  /** 0: any free port. */
  readonly port: number;
  readonly logLevel: z.infer<typeof Environment>['KLPREG_LOG_LEVEL'];
  /** Seconds between two heartbeats that hosts are asked for. */
  readonly intervalSeconds: number;
  /** What is over is kept so long. */
  readonly historyDays: number;
  readonly databaseConnections: number;
}

/** The configuration is wrong: what to mend, setting by setting. */
export class ConfigError extends Error {}

/** Settings of the agent and the command line, which may stand in the same environment. */
const CLIENTS =
  /^KLPREG_(?:URL|TOKEN|TOKEN_FILE|CONFIG|TIMEOUT|OUTPUT|ROOT|SYS|PROC|LIB_MODULES|KPATCH|BOOT|BOOT_ID|MODULES|STATE|INSTANCE|HOSTNAME|LABELS?|ARCH|KERNEL_RELEASE)$/;

const secret = (name: string, value: string | undefined): string =>
  name === 'DATABASE_URL' || name === 'DATABASE_READ_URL' ? 'an address that is not shown' : JSON.stringify(value);

/**
 * What do these environment variables say?
 *
 * @throws ConfigError naming every setting that is wrong, what was found and what is allowed; also for a `KLPREG_` name that means nothing
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const unknown = Object.keys(set).filter((name) => name.startsWith('KLPREG_') && !(name in Environment.shape) && !CLIENTS.test(name));
  const parsed = Environment.safeParse({ KLPREG_PORT: set['PORT'], ...set });
  const wrong = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message} (found ${secret(String(issue.path[0]), set[String(issue.path[0])])})`);
  wrong.push(...unknown.map((name) => `${name}: is not a setting; there are ${Object.keys(Environment.shape).join(', ')}`));
  if (!parsed.success || wrong.length > 0) throw new ConfigError(`The configuration is wrong:\n${wrong.map((line) => `  ${line}`).join('\n')}`);
  const { data } = parsed;
  return {
    databaseUrl: data.DATABASE_URL ?? null,
    databaseReadUrl: data.DATABASE_READ_URL ?? null,
    dataDir: data.KLPREG_DATA,
    host: data.KLPREG_HOST,
    allowedHosts: data.KLPREG_ALLOWED_HOSTS?.split(',').map((name) => name.trim()) ?? [],
    requestTimeoutSeconds: data.KLPREG_REQUEST_TIMEOUT,
    port: data.KLPREG_PORT,
    logLevel: data.KLPREG_LOG_LEVEL,
    intervalSeconds: data.KLPREG_INTERVAL,
    historyDays: data.KLPREG_HISTORY_DAYS,
    databaseConnections: data.KLPREG_DATABASE_CONNECTIONS,
  };
}

/** Under this the container hands out the configuration. */
export const CONFIG = Symbol('CONFIG');
