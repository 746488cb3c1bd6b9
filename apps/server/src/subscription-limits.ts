import { integer, type LimitsOf, settingsOf, toLimits } from './integer-setting.js';

/** Limits of subscriptions, each with its setting. */
const LIMITS = {
  /** Maximum number of open subscriptions of a server. */
  open: ['KLPREG_SUBSCRIPTIONS_OPEN', integer(' of subscriptions', 1, 100_000, 5_000)],
  /** Maximum number of open subscriptions of one sender. */
  ofSender: ['KLPREG_SUBSCRIPTIONS_OF_SENDER', integer(' of subscriptions', 1, 100_000, 1_000)],
  /** Maximum number of WebSockets of a server. */
  sockets: ['KLPREG_SUBSCRIPTIONS_SOCKETS', integer(' of connections', 1, 100_000, 1_000)],
  /** Maximum number of WebSockets of one address. */
  socketsOfAddress: ['KLPREG_SUBSCRIPTIONS_SOCKETS_OF_ADDRESS', integer(' of connections', 1, 100_000, 100)],
  /** Maximum number of subscriptions on one WebSocket. */
  onSocket: ['KLPREG_SUBSCRIPTIONS_ON_SOCKET', integer(' of subscriptions', 1, 1_000, 50)],
  /** Maximum number of events that a reader may be behind. */
  behind: ['KLPREG_SUBSCRIPTIONS_BEHIND', integer(' of events', 1, 10_000, 100)],
  /** Maximum number of watched questions that are asked at the same time. */
  questions: ['KLPREG_SUBSCRIPTIONS_QUESTIONS', integer(' of questions', 1, 100, 4)],
  /**
   * How often something is sent, so that proxies keep the connection. A WebSocket must answer until the next.
   */
  keepAliveSeconds: ['KLPREG_SUBSCRIPTIONS_KEEP_ALIVE', integer(' of seconds', 1, 600, 12)],
  /** How long a reader may take to read what is buffered for it. */
  patienceSeconds: ['KLPREG_SUBSCRIPTIONS_PATIENCE', integer(' of seconds', 1, 600, 10)],
} as const;

export type SubscriptionLimits = LimitsOf<typeof LIMITS>;

/** The settings as fields of a zod object. */
export const subscriptionSettings = settingsOf(LIMITS);

export const toSubscriptionLimits = (
  settings: Parameters<typeof toLimits<typeof LIMITS>>[1],
): SubscriptionLimits => toLimits(LIMITS, settings);
