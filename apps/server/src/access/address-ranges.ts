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

/** Returns true if an address is in one of the ranges, or there are none. It may be an IPv4-mapped IPv6 one. */
export function isWithin(address: string, ranges: readonly string[]): boolean {
  if (ranges.length === 0) return true;
  const list = new BlockList();
  for (const range of ranges) {
    const read = readRange(range);
    if (read !== null) list.addSubnet(read.address, read.prefix, read.family);
  }
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const kind = family(plain);
  return kind !== null && list.check(plain, kind);
}
