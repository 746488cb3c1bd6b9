import { instanceIn } from '../src/access/host-certificates.js';

const ID = '47afc351-ecf6-50b0-9219-a992e22417f4';
const OTHER = '57afc351-ecf6-50b0-9219-a992e22417f4';

test.each<[what: string, names: string | undefined, instance: string | null]>([
  ['one URI', `URI:urn:klpreg:host:${ID}`, ID],
  ['among other names', `DNS:web-1, URI:urn:klpreg:host:${ID}, IP Address:10.0.0.1`, ID],
  ['in capitals', `URI:URN:KLPREG:HOST:${ID.toUpperCase()}`, ID],
  ['no names', undefined, null],
  ['other names only', 'DNS:web-1, URI:https://example/web', null],
  ['two hosts', `URI:urn:klpreg:host:${ID}, URI:urn:klpreg:host:${OTHER}`, null],
  ['the URI as a host name', `DNS:urn:klpreg:host:${ID}`, null],
  ['a longer URI', `URI:urn:klpreg:host:${ID}/x`, null],
  ['the URI within a name that has a comma', `DNS:"a, URI:urn:klpreg:host:${ID}, b"`, null],
  ['a URI with a comma', `URI:"urn:klpreg:host:${ID}, x"`, null],
  ['no UUID', 'URI:urn:klpreg:host:web-1', null],
])('%s', (_what, names, instance) => expect(instanceIn(names)).toBe(instance));
