import fc from 'fast-check';
import { RolesFile } from '../src/access/oidc/roles-file.js';
import { ConfigError, readConfig } from '../src/config.js';

test('nothing set is a complete configuration', () => {
  expect(readConfig({})).toEqual({
    databaseUrl: null,
    databaseReadUrl: null,
    allowedHosts: [],
    allowedOrigins: [],
    tls: null,
    oidc: null,
    trustedProxies: [],
    dashboard: true,
    graphiql: true,
    pageFolder: expect.stringMatching(/apps\/dashboard\/dist\/page$/),
    documents: { folder: null, only: false },
    questionSeconds: 30,
    rates: { host: 600, relay: 1_000_000, token: 6000, address: 6000, failures: 600 },
    credentials: { lifeHours: 24, graceDays: 30 },
    requestTimeoutSeconds: 60,
    historyDays: 30,
    historyLabel: null,
    dataDir: '.data',
    auditKeyFile: null,
    auditWebhook: null,
    adminTokenDays: 30,
    newAdminToken: false,
    host: '127.0.0.1',
    access: false,
    port: 3000,
    logLevel: 'warn',
    intervalSeconds: 60,
    databaseConnections: 10,
    subscriptions: {
      open: 5000,
      ofSender: 1000,
      sockets: 1000,
      socketsOfAddress: 100,
      onSocket: 50,
      behind: 100,
      questions: 4,
      keepAliveSeconds: 12,
      patienceSeconds: 10,
    },
    ingest: {
      batchSize: 500,
      batchWaitMs: 3,
      parallelBatches: 2,
      parallelFromReports: 1,
      parallelFromHeartbeats: 100,
      timeSliceMs: 2,
      reportAnswersPerTurn: 16,
      heartbeatAnswersPerTurn: 64,
      hostKib: 1024,
      hostKibPerHour: 16_384,
      queue: 5000,
      queueDelayMs: 1000,
      newConnections: 200,
      newConnectionsDelayMs: 250,
      retryMinMs: 2000,
      retryMaxMs: 60_000,
      tokenLookups: 200,
      bodyMemoryMib: 64,
      jobSeconds: 5,
      jobMemoryMib: 512,
      uploads: 4,
      waitingUploads: 16,
    },
  });
});

test('an empty setting is one that is not set, and PORT is heard where KLPREG_PORT is not set', () => {
  expect(readConfig({ KLPREG_PORT: '', PORT: '4000' }).port).toBe(4000);
  expect(readConfig({ KLPREG_PORT: '5000', PORT: '4000' }).port).toBe(5000);
});

test.each<[string, Record<string, string>, string]>([
  ['a port that is none', { KLPREG_PORT: 'http' }, 'KLPREG_PORT: must be a port number (found "http")'],
  ['a port out of range', { KLPREG_PORT: '70000' }, 'KLPREG_PORT'],
  [
    'another kind of database',
    { DATABASE_URL: 'mysql://root:secret@db/x' },
    'DATABASE_URL: must be a PostgreSQL address',
  ],
  ['a level that does not exist', { KLPREG_LOG_LEVEL: 'loud' }, 'KLPREG_LOG_LEVEL'],
  ['a misspelt setting', { KLPREG_INTERVALL: '60' }, 'KLPREG_INTERVALL: is not a setting; there are'],
  [
    'persisted documents without their folder',
    { KLPREG_GRAPHQL_DOCUMENTS: 'persisted' },
    'KLPREG_GRAPHQL_FOLDER',
  ],
  [
    'a proxy that is no address',
    { KLPREG_TRUSTED_PROXIES: 'proxy' },
    'KLPREG_TRUSTED_PROXIES: must be addresses',
  ],
  ['fewer requests of a host than its heartbeats', { KLPREG_RATE_HOST: '12' }, 'KLPREG_RATE_HOST'],
  ['a certificate without its key', { KLPREG_TLS_CERT: '/x' }, 'TLS needs both files'],
  ['client certificates without TLS', { KLPREG_TLS_CLIENT_CA: '/x' }, 'TLS needs both files'],
  ['needed client certificates without a CA', { KLPREG_TLS_CLIENT_CERT: 'required' }, 'KLPREG_TLS_CLIENT_CA'],
  ['an issuer without a client', { KLPREG_OIDC_ISSUER: 'https://x.example' }, 'KLPREG_OIDC_CLIENT_ID'],
  ['a client without an issuer', { KLPREG_OIDC_CLIENT_ID: 'klpreg' }, 'KLPREG_OIDC_ISSUER'],
  [
    'an issuer without TLS',
    { KLPREG_OIDC_ISSUER: 'http://x.example', KLPREG_OIDC_CLIENT_ID: 'klpreg' },
    'KLPREG_OIDC_ALLOW_HTTP=yes',
  ],
  ['an issuer with a password', { KLPREG_OIDC_ISSUER: 'https://a:b@x.example' }, 'KLPREG_OIDC_ISSUER'],
  ['a skew of an hour', { KLPREG_OIDC_CLOCK_SKEW: '3600' }, 'KLPREG_OIDC_CLOCK_SKEW'],
  ['a sign-in without openid', { KLPREG_OIDC_LOGIN_SCOPES: 'profile' }, 'KLPREG_OIDC_LOGIN_SCOPES'],
  ['an origin with a path', { KLPREG_ALLOWED_ORIGINS: 'https://x.example/y' }, 'KLPREG_ALLOWED_ORIGINS'],
  ['an interval of nothing', { KLPREG_INTERVAL: '0' }, 'KLPREG_INTERVAL'],
  ['no open subscription', { KLPREG_SUBSCRIPTIONS_OPEN: '0' }, 'KLPREG_SUBSCRIPTIONS_OPEN'],
  [
    'a dashboard that is neither on nor off',
    { KLPREG_DASHBOARD: 'no' },
    'KLPREG_DASHBOARD: must be on or off',
  ],
  ['a GraphiQL that is neither on nor off', { KLPREG_GRAPHIQL: '1' }, 'KLPREG_GRAPHIQL: must be on or off'],
  ['a question without time', { KLPREG_GRAPHQL_SECONDS: '0' }, 'KLPREG_GRAPHQL_SECONDS'],
])('%s is refused, with its name', (_, environment, message) => {
  expect(() => readConfig(environment)).toThrow(ConfigError);
  expect(() => readConfig(environment)).toThrow(message);
});

test('the dashboard and GraphiQL are each switched off by a setting', () => {
  expect(readConfig({ KLPREG_DASHBOARD: 'off' })).toMatchObject({ dashboard: false, graphiql: true });
  expect(readConfig({ KLPREG_GRAPHIQL: 'off' })).toMatchObject({ dashboard: true, graphiql: false });
});

test('a wrong database address is not shown: it may hold a password', () => {
  const said = () => readConfig({ DATABASE_URL: 'mysql://root:hunter2@db/x' });
  expect(said).toThrow('an address that is not shown');
  expect(said).not.toThrow('hunter2');
});

test.each([
  ['127.0.0.1', undefined, false],
  ['127.8.0.1', undefined, false],
  ['localhost', undefined, false],
  ['::1', undefined, false],
  ['::', undefined, true],
  ['0.0.0.0', undefined, true],
  ['10.0.0.7', undefined, true],
  ['127.0.0.1.example', undefined, true],
  ['registry.example', undefined, true],
  ['127.0.0.1', 'on', true],
  ['127.0.0.1', 'off', false],
  ['0.0.0.0', 'on', true],
])('a server that binds %s with KLPREG_ACCESS %s has access %s', (KLPREG_HOST, KLPREG_ACCESS, access) => {
  expect(readConfig({ KLPREG_HOST, KLPREG_ACCESS }).access).toBe(access);
});

test('to switch access off needs the loopback address, and the message says what to do', () => {
  expect(() => readConfig({ KLPREG_HOST: '0.0.0.0', KLPREG_ACCESS: 'off' })).toThrow(
    /KLPREG_ACCESS: off needs the loopback address[^]*found 0\.0\.0\.0[^]*KLPREG_HOST=127\.0\.0\.1/,
  );
});

test('the settings of OpenID Connect have defaults, and no account has a role', () => {
  const issuer = { KLPREG_OIDC_ISSUER: 'https://login.example/realms/ops', KLPREG_OIDC_CLIENT_ID: 'klpreg' };
  expect(readConfig({ ...issuer, KLPREG_OIDC_AUDIENCE: 'https://registry.example' }).oidc).toEqual({
    issuer: 'https://login.example/realms/ops',
    clientId: 'klpreg',
    audiences: ['klpreg', 'https://registry.example'],
    loginScopes: 'openid offline_access',
    roles: RolesFile.read('groups', null),
    clockSkewSeconds: 60,
    keysHours: 24,
    allowHttp: false,
    allowPrivate: false,
  });
});

test('settings of the agent and the command line on the same machine are none of its business', () => {
  expect(() =>
    readConfig({
      KLPREG_URL: 'http://127.0.0.1:3000',
      KLPREG_TOKEN: 'x',
      KLPREG_LABELS: 'a=b',
      KLPREG_LIB_MODULES: '/x',
    }),
  ).not.toThrow();
});

test('everything that is wrong is said at once', () => {
  expect(() => readConfig({ KLPREG_PORT: 'x', KLPREG_INTERVAL: 'y' })).toThrow(
    /KLPREG_PORT[^]*KLPREG_INTERVAL/,
  );
});

test('any environment is a configuration or a sentence about what is wrong with it', () => {
  const names = [
    'DATABASE_URL',
    'KLPREG_DATA',
    'KLPREG_HOST',
    'KLPREG_PORT',
    'PORT',
    'KLPREG_LOG_LEVEL',
    'KLPREG_INTERVAL',
    'KLPREG_DATABASE_CONNECTIONS',
    'KLPREG_OTHER',
  ];
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      ' ',
      '-1',
      '1e9',
      '0x10',
      '3.5',
      'NaN',
      '9999999999999999999999',
      'postgres://',
      'postgresql://a@b/c',
    ),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (environment) => {
      try {
        const { port, intervalSeconds } = readConfig(environment);
        expect(
          Number.isInteger(port) && port >= 0 && port <= 65_535 && Number.isInteger(intervalSeconds),
        ).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }),
    { numRuns: 500 },
  );
});
