import { Clock } from '../src/clock.js';
import { HostPlaces } from '../src/access/host-places.js';

const MINUTE_MS = 60_000;
const [HOME, AWAY, THIRD] = ['10.0.0.1', '192.0.2.1', '198.51.100.1'];

test.each<[what: string, minutes: number, addresses: string[], hosts: number]>([
  ['one address', 1, [HOME, HOME, HOME, HOME], 0],
  ['a host that moves', 1, [HOME, AWAY, AWAY, AWAY], 0],
  ['a failover and its end', 1, [HOME, AWAY, HOME, HOME], 0],
  ['two places by turns', 1, [HOME, AWAY, HOME, AWAY], 1],
  ['two places, several messages from each', 1, [HOME, HOME, AWAY, AWAY, HOME, AWAY, AWAY], 1],
  ['a host that changes its uplink each quarter of an hour', 15, [HOME, AWAY, HOME, AWAY, HOME], 0],
  ['a host that moves on each time', 1, [HOME, AWAY, THIRD, HOME, AWAY, THIRD], 0],
  ['two addresses of one IPv6 network', 1, ['2001:db8::1', '2001:db8::2', '2001:db8::1', '2001:db8::2'], 0],
])('%s', (_what, minutes, addresses, hosts) => {
  let now = 0;
  const places = new HostPlaces({ now: () => new Date(now) } as Clock);
  for (const ip of addresses) {
    places.note({ ip }, 'web-1');
    places.note({ ip: HOME }, 'db-1');
    now += minutes * MINUTE_MS;
  }
  expect(places.hosts).toBe(hosts);
  now += 61 * MINUTE_MS;
  expect(places.hosts).toBe(0);
});
