import path from 'node:path';
import { z } from 'zod';
import { isAddressRange } from './access/address-ranges.js';
import { type IngestLimits, ingestSettings, toIngestLimits } from './ingest-limits.js';
import { integer } from './integer-setting.js';
import { oidcEnvironment, type OidcSettings, toOidcSettings } from './access/oidc/oidc-settings.js';
import { type RateLimits, rateSettings, toRateLimits } from './rate-limits.js';
import {
  type SubscriptionLimits,
  subscriptionSettings,
  toSubscriptionLimits,
} from './subscription-limits.js';
import { tlsEnvironment, type TlsSettings, toTlsSettings } from './tls/tls-settings.js';

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

const Environment = z.object({
  DATABASE_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error:
        'must be a PostgreSQL address, such as postgresql://user:secret@host:5432/klpreg, or ' +
        'postgresql:///klpreg?host=/run/postgresql&user=klpreg for a unix socket',
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
  KLPREG_AUDIT_KEY_FILE: z.string().min(1).optional(),
  KLPREG_AUDIT_WEBHOOK: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).optional(),
  KLPREG_HOST: z.string().min(1).default('127.0.0.1'),
  KLPREG_ACCESS: z.enum(['on', 'off'], { error: 'must be on or off' }).optional(),
  KLPREG_ALLOWED_HOSTS: z
    .string()
    .regex(
      /^\s*[^\s,/]+(?:\s*,\s*[^\s,/]+)*\s*$/,
      'must be names separated by commas, without ports, such as registry.example,10.0.0.7',
    )
    .optional(),
  KLPREG_ALLOWED_ORIGINS: z
    .string()
    .regex(
      /^\s*https?:\/\/[^\s,/]+(?:\s*,\s*https?:\/\/[^\s,/]+)*\s*$/,
      'must be origins separated by commas, without paths, such as https://dashboard.example',
    )
    .optional(),
  KLPREG_REQUEST_TIMEOUT: integer(' of seconds', 1, 3600, 60),
  KLPREG_PORT: z.coerce.number({ error: 'must be a port number' }).int().min(0).max(65_535).default(3000),
  KLPREG_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('warn'),
  KLPREG_INTERVAL: integer(' of seconds', 5, 3600, 60),
  KLPREG_HISTORY_DAYS: integer(' of days', 1, 3650, 30),
  KLPREG_HISTORY_LABEL: z.string().min(1).max(63).optional(),
  ...CredentialEnvironment.shape,
  KLPREG_DASHBOARD: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  KLPREG_GRAPHIQL: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  KLPREG_GRAPHQL_DOCUMENTS: z
    .enum(['any', 'persisted'], { error: 'must be any or persisted' })
    .default('any'),
  KLPREG_GRAPHQL_FOLDER: z.string().min(1).optional(),
  KLPREG_GRAPHQL_SECONDS: integer(' of seconds', 1, 600, 30),
  KLPREG_TRUSTED_PROXIES: z
    .string()
    .refine((text) => listOf(text).every(isAddressRange), {
      error: 'must be addresses or CIDR ranges separated by commas, such as 10.0.0.7,192.168.4.0/24',
    })
    .optional(),
  ...tlsEnvironment,
  ...oidcEnvironment,
  ...rateSettings,
  ...ingestSettings,
  ...subscriptionSettings,
  KLPREG_DATABASE_CONNECTIONS: integer('', 1, 200, 10),
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
  /** The file with the key of the audit log; null: `audit-key` below `dataDir`. */
  readonly auditKeyFile: string | null;
  /** Gets the signed head of the audit log after changes; null: no place. */
  readonly auditWebhook: string | null;
  readonly host: string;
  /** False: questions need no token. Only for a server that binds the loopback address. */
  readonly access: boolean;
  /**
   * Accepted values of the Host header, in addition to loopback names and the local address of the
   * connection.
   */
  readonly allowedHosts: readonly string[];
  /** Origins whose web pages may use the server, in addition to its own. */
  readonly allowedOrigins: readonly string[];
  /** Whether the dashboard is served; else `/` is a page of links. */
  readonly dashboard: boolean;
  /** Whether GraphiQL is served. */
  readonly graphiql: boolean;
  /** The built pages of apps/dashboard; it may not exist. Not a setting. */
  readonly pageFolder: string;
  readonly documents: {
    /** Holds the persisted documents; null: there are none. */
    readonly folder: string | null;
    /** True: all other documents are refused. */
    readonly only: boolean;
  };
  /** Maximum time of a question. */
  readonly questionSeconds: number;
  /** Proxies whose X-Forwarded-For names the address of a sender. */
  readonly trustedProxies: readonly string[];
  readonly rates: RateLimits;
  /** Certificate and key; null: HTTP without TLS. */
  readonly tls: TlsSettings | null;
  /** Who issues the tokens of people; null: only the registry does. */
  readonly oidc: OidcSettings | null;
  /** Seconds until a request must have been received in full. */
  readonly requestTimeoutSeconds: number;
  /** 0: any free port. */
  readonly port: number;
  readonly logLevel: z.infer<typeof Environment>['KLPREG_LOG_LEVEL'];
  /** Seconds between two heartbeats of a host. */
  readonly intervalSeconds: number;
  /** Retention period of history. */
  readonly historyDays: number;
  /** The label by whose values verdicts are counted each hour; null: by none. */
  readonly historyLabel: string | null;
  readonly credentials: CredentialSettings;
  readonly ingest: IngestLimits;
  readonly subscriptions: SubscriptionLimits;
  readonly databaseConnections: number;
}

const PAGE_FOLDER = path.resolve(import.meta.dirname, '../../dashboard/dist/page');

/** An invalid configuration. The message names each wrong setting. */
export class ConfigError extends Error {}

/** Settings of the agent and the command line, which may be in the same environment. */
const CLIENTS =
  /^KLPREG_(?:URL|TOKEN|TOKEN_FILE|CONFIG|TIMEOUT|OUTPUT|ROOT|SYS|PROC|LIB_MODULES|KPATCH|BOOT|BOOT_ID|MODULES|STATE|INSTANCE|HOSTNAME|LABELS?|ARCH|KERNEL_RELEASE|ENROL_TOKEN|ENROL_TOKEN_FILE|CA_FILE|CERT_FILE|KEY_FILE)$/;

const secret = (name: string, value: string | undefined): string =>
  name === 'DATABASE_URL' || name === 'DATABASE_READ_URL'
    ? 'an address that is not shown'
    : JSON.stringify(value);

const listOf = (text: string | undefined): string[] => text?.split(',').map((part) => part.trim()) ?? [];

/**
 * Reads the configuration from environment variables.
 *
 * @throws ConfigError with each wrong setting, what was found and what is allowed; also for an unknown
 *   `KLPREG_` name
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
          `${issue.path.join('.')}: ${issue.message} (found ` +
          `${secret(String(issue.path[0]), set[String(issue.path[0])])})`,
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
  const tls = toTlsSettings(set, wrong);
  const oidc = parsed.success ? toOidcSettings(parsed.data, wrong) : null;
  if (
    parsed.data?.KLPREG_GRAPHQL_DOCUMENTS === 'persisted' &&
    parsed.data.KLPREG_GRAPHQL_FOLDER === undefined
  )
    wrong.push(
      'KLPREG_GRAPHQL_DOCUMENTS: persisted needs KLPREG_GRAPHQL_FOLDER, the folder of the documents',
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
    auditKeyFile: data.KLPREG_AUDIT_KEY_FILE ?? null,
    auditWebhook: data.KLPREG_AUDIT_WEBHOOK ?? null,
    host: data.KLPREG_HOST,
    access: data.KLPREG_ACCESS === undefined ? !isLoopback(data.KLPREG_HOST) : data.KLPREG_ACCESS === 'on',
    allowedHosts: listOf(data.KLPREG_ALLOWED_HOSTS),
    allowedOrigins: listOf(data.KLPREG_ALLOWED_ORIGINS),
    dashboard: data.KLPREG_DASHBOARD === 'on',
    graphiql: data.KLPREG_GRAPHIQL === 'on',
    pageFolder: PAGE_FOLDER,
    documents: {
      folder: data.KLPREG_GRAPHQL_FOLDER ?? null,
      only: data.KLPREG_GRAPHQL_DOCUMENTS === 'persisted',
    },
    questionSeconds: data.KLPREG_GRAPHQL_SECONDS,
    trustedProxies: listOf(data.KLPREG_TRUSTED_PROXIES),
    rates: toRateLimits(data),
    tls,
    oidc,
    requestTimeoutSeconds: data.KLPREG_REQUEST_TIMEOUT,
    port: data.KLPREG_PORT,
    logLevel: data.KLPREG_LOG_LEVEL,
    intervalSeconds: data.KLPREG_INTERVAL,
    historyDays: data.KLPREG_HISTORY_DAYS,
    historyLabel: data.KLPREG_HISTORY_LABEL ?? null,
    credentials: {
      lifeHours: data.KLPREG_CREDENTIAL_HOURS,
      graceDays: data.KLPREG_CREDENTIAL_GRACE_DAYS,
    },
    ingest: toIngestLimits(data),
    subscriptions: toSubscriptionLimits(data),
    databaseConnections: data.KLPREG_DATABASE_CONNECTIONS,
  };
}

/** Injection token of the configuration. */
export const CONFIG = Symbol('CONFIG');
