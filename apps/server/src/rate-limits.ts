import { integer, type LimitsOf, settingsOf, toLimits } from './integer-setting.js';

const MAX = 1_000_000_000;
const rate = (min: number, standard: number) => integer(' of requests a minute', min, MAX, standard);

/** Requests in a minute, each with its setting. A sender may send those of one minute at once. */
const LIMITS = {
  /**
   * Of each host, to each endpoint of agents. At the shortest interval a host sends twelve heartbeats in a
   * minute.
   */
  host: ['KLPREG_RATE_HOST', rate(30, 600)],
  /** Of each token that sends messages for hosts, which may be those of a whole fleet. */
  relay: ['KLPREG_RATE_RELAY', rate(1, 1_000_000)],
  /** Of each token, to all other routes. */
  token: ['KLPREG_RATE_TOKEN', rate(1, 6000)],
  /** Of each address, without a token. */
  address: ['KLPREG_RATE_ADDRESS', rate(1, 6000)],
  /** Of each address, with a token that is not valid. */
  failures: ['KLPREG_RATE_FAILURES', rate(1, 600)],
} as const;

export type Limited = keyof typeof LIMITS;

export type RateLimits = LimitsOf<typeof LIMITS>;

/** The settings as fields of a zod object. */
export const rateSettings = settingsOf(LIMITS);

export const toRateLimits = (settings: Parameters<typeof toLimits<typeof LIMITS>>[1]): RateLimits =>
  toLimits(LIMITS, settings);
