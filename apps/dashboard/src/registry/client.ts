import { Client, fetchExchange } from '@urql/core';
import { storedToken } from '../session/token.js';

/**
 * Asks the registry. It has no cache: a verdict that is shown is the answer to a question that was asked now.
 * Subscriptions come as server-sent events, which also pass where WebSockets are blocked.
 */
export const registry = new Client({
  url: new URL('/graphql', location.href).href,
  exchanges: [fetchExchange],
  preferGetMethod: false,
  fetchSubscriptions: true,
  fetchOptions: () => {
    const token = storedToken();
    return token === null ? {} : { headers: { authorization: `Bearer ${token}` } };
  },
});
