import { BlockList, isIP } from 'node:net';

const FORM = /^([0-9a-fA-F.:]{2,45})(?:\/(\d{1,3}))?$/;

const family = (address: string): 'ipv4' | 'ipv6' | null =>
  ({ 4: 'ipv4' as const, 6: 'ipv6' as const })[isIP(address)] ?? null;

/** Reads an address or a CIDR range. Null if it is neither. */
function readRange(range: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | null {
  const [, address = '', written] = FORM.exec(range) ?? [];
  const kind = family(address);
  if (kind === null) return null;
  const longest = kind === 'ipv4' ? 32 : 128;
  const prefix = written === undefined ? longest : Number(written);
  return prefix > longest ? null : { address, prefix, family: kind };
}

/** Returns true for an address or a CIDR range, such as `10.1.0.0/16` or `2001:db8::/32`. */
export const isAddressRange = (range: string): boolean => readRange(range) !== null;

/** Returns the network of a sender: its IPv4 address, or the first 64 bits of its IPv6 address. */
export function networkOf(address: string): string {
  const plain = plainOf(address);
  if (isIP(plain) !== 6) return plain.slice(0, 45);
  const [head = '', tail] = plain.split('::');
  const [first, last] = [head, tail].map((part) => (part ? part.split(':') : []));
  const missing = tail === undefined ? 0 : 8 - first!.length - last!.length;
  return [...first!, ...Array<string>(missing).fill('0'), ...last!].slice(0, 4).join(':');
}

const plainOf = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/**
 * Returns true if an address is in one of the ranges, or there are none. It may be an IPv4-mapped IPv6 one.
 */
export function isWithin(address: string, ranges: readonly string[]): boolean {
  if (ranges.length === 0) return true;
  const list = new BlockList();
  for (const range of ranges) {
    const read = readRange(range);
    if (read !== null) list.addSubnet(read.address, read.prefix, read.family);
  }
  const plain = plainOf(address);
  const kind = family(plain);
  return kind !== null && list.check(plain, kind);
}
