import { type Registry, running, sealed } from '../registry.js';
import { filled, HOSTS } from './fill.js';

/**
 * A hot statement: by which door it is reached, how many rows of hosts it may read whatever the size of the
 * fleet, and by which indexes.
 */
export type Hot = [
  what: string,
  statement: string,
  call: (registry: Registry) => Promise<unknown>,
  rows: number,
  indexes: string[],
];

export const MODULES = ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_n_1v1_a'];

const some = (n: number): number[] => Array.from({ length: n }, (_, i) => (i * 7919 + 11) % HOSTS);
let sequence = 1;

const heartbeats = (registry: Registry, old = false) => {
  sequence += 1;
  const clock = { wall: registry.now().toISOString(), observedMs: 1000, sentMs: 1000 };
  const beat = ({ instance, bootId, digest }: ReturnType<typeof filled>) => ({
    schema: 'heartbeat/v1',
    instance,
    bootId,
    digest,
    sequence: old ? 1 : sequence,
    clock,
  });
  return registry.send('POST', '/v1/heartbeats:batch', some(500).map(filled).map(beat));
};

/** Hosts that are known, or new ones, with another list than a moment ago. */
const reports =
  (known = true) =>
  (registry: Registry) => {
    sequence += 1;
    const hostOf = (n: number) => ({
      instance: filled(known ? n : HOSTS * sequence + n).instance,
      hostname: filled(n).hostname,
    });
    const changed = some(100).map((n) =>
      sealed({ ...running('web', [MODULES[sequence % 2]!], { host: hostOf(n) as never }), sequence }),
    );
    return registry.send('POST', '/v1/reports:batch', changed);
  };

const question =
  (where: object, fields = 'counts { total }') =>
  (registry: Registry) =>
    registry.ask(
      `query ($where: HostFilter) { canDowngrade(to: { name: "lab_r_1v1_a" }, where: $where) { ${fields} } }`,
      { where },
    );
/** `$at` is ten minutes ago. */
const ask = (query: string) => (registry: Registry) =>
  registry.ask(`{ ${query.replace('$at', JSON.stringify(new Date(registry.now().getTime() - 600_000)))} }`);
const deep = async (registry: Registry) => {
  const { hosts } = await registry.ask(
    '{ hosts(where: { hostnames: ["host-0180000"] }, first: 1) { edges { cursor } } }',
  );
  return ask(`hosts(first: 100, after: "${hosts.edges[0].cursor}") { nodes { hostname } }`)(registry);
};

/** The same once more, by the snapshot of the first answer. */
const again = (fields: string) => async (registry: Registry) => {
  const { canDowngrade } = await registry.ask('{ canDowngrade(to: { original: true }) { snapshot { id } } }');
  return registry.ask(
    `{ canDowngrade(to: { original: true }, snapshot: "${canDowngrade.snapshot.id}") { ${fields} } }`,
  );
};

const NOW = ['host_heartbeat_confirmed_after_idx', 'host_heartbeat_superseded_idx'];
const THEN = [
  ...NOW,
  'host_pkey',
  'host_opened_by_idx',
  'host_history_closed_by_idx',
  'host_gap_closed_by_idx',
];

export const WRITES: Hot[] = [
  [
    '500 heartbeats are confirmed',
    'heartbeats.confirm',
    (registry) => heartbeats(registry),
    1_000,
    ['host_heartbeat_pkey'],
  ],
  [
    '500 old heartbeats are compared',
    'heartbeats.compare',
    (registry) => heartbeats(registry, true),
    500,
    ['host_heartbeat_pkey'],
  ],
  [
    'what is known of 100 hosts that report is found',
    'reports.versions',
    reports(),
    200,
    ['host_pkey', 'host_heartbeat_pkey'],
  ],
  ['100 reports are written', 'reports.write', reports(), 200, ['host_pkey', 'host_heartbeat_pkey']],
  ['100 reports of new hosts are written', 'reports.write', reports(false), 100, ['host_pkey']],
];

// one host in a thousand is overdue: those are looked at, by their indexes
export const QUESTIONS: Hot[] = [
  ['the fleet is counted', 'fleet.now', question({}), 500, NOW],
  [
    'a part of the fleet is counted, by label',
    'fleet.now',
    question({ labels: [{ key: 'env', in: ['prod'] }] }),
    500,
    NOW,
  ],
  [
    'a part of the fleet is counted, by kernel',
    'fleet.now',
    question({ kernelReleases: ['7.3.4+deb13-cloud-amd64'] }),
    500,
    NOW,
  ],
  ['the fleet is counted once more, by its snapshot', 'fleet.counts', again('counts { total }'), 1_500, THEN],
  [
    'a hundred named hosts are counted',
    'fleet.counts',
    question({ hostnames: some(100).map((n) => filled(n).hostname) }),
    1_000,
    ['host_hostname_id_idx', 'host_heartbeat_pkey'],
  ],
  [
    'a page of cohorts is of that snapshot',
    'fleet.cohorts',
    again('cohorts { nodes { hosts } }'),
    1_500,
    THEN,
  ],
  [
    'names of 50 cohorts are found',
    'fleet.examples',
    question({}, 'cohorts(first: 50) { nodes { examples } }'),
    1_000,
    ['host_situation_id_label_set_id_hostname_id_idx'],
  ],
  [
    'the hosts with each state are counted',
    'states.page',
    ask('states(first: 50) { totalCount nodes { stateId versions { hosts } } }'),
    0,
    [],
  ],
];

// a page reads a few hundred rows more than it has: workers read ahead
export const PAGES: Hot[] = [
  [
    'page 1 of the hosts',
    'hosts.select',
    ask('hosts(first: 100) { nodes { hostname } }'),
    4_000,
    ['host_hostname_id_idx'],
  ],
  [
    'hosts of a kind that is common',
    'hosts.select',
    question({}, 'hosts(kind: UNKNOWN, first: 50) { nodes { host { hostname } } }'),
    4_000,
    ['host_hostname_id_idx'],
  ],
  [
    'one host, by name',
    'hosts.select',
    ask('host(hostname: "host-0123456") { id }'),
    8,
    ['host_hostname_id_idx'],
  ],
  [
    'one host, by id',
    'hosts.select',
    ask(`host(id: "${filled(123_456).instance}") { hostname }`),
    8,
    ['host_pkey'],
  ],
  [
    'one host as it was, by name',
    'hosts.select',
    ask('host(hostname: "host-0123453", asOf: $at) { id }'),
    16,
    ['host_hostname_id_idx', 'host_history_pkey', 'host_gap_pkey'],
  ],
  [
    'one host as it was, by id',
    'hosts.select',
    ask(`host(id: "${filled(123_453).instance}", asOf: $at) { hostname }`),
    16,
    ['host_pkey', 'host_history_pkey', 'host_gap_pkey'],
  ],
  ['a page deep in the hosts', 'hosts.select', deep, 4_000, ['host_hostname_id_idx']],
  [
    'page 1 of the hosts, as they were',
    'hosts.select',
    ask('hosts(first: 100, asOf: $at) { nodes { hostname } }'),
    4_000,
    ['host_hostname_id_idx', 'host_history_pkey', 'host_gap_pkey'],
  ],
  [
    'hosts with a reason that is rare',
    'hosts.select',
    question({}, 'hosts(code: REPORT_STALE, first: 50) { nodes { host { hostname } } }'),
    4_000,
    [],
  ],
  [
    'hosts of a few situations',
    'hosts.select',
    question({}, 'hosts(code: REPORT_SUPERSEDED, first: 50) { nodes { host { hostname } } }'),
    12_000,
    [],
  ],
];

// these go through the whole fleet; a statement that does so no more moves up
export const NOT_YET: Hot[] = [
  [
    'the fleet as it was is counted',
    'fleet.counts',
    ask('canDowngrade(to: { original: true }, asOf: $at) { counts { total } }'),
    12_000,
    ['host_history_pkey'],
  ],
  ['the ages of the fleet are added up', 'hosts.ages', ask('fleet { ages { p95Seconds } }'), 12_000, []],
];
