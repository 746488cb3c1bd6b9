import type { Role, Scope } from '../store/access/tokens.store.js';
import type { ScopeLabel, TokenRole } from './generated/schema.js';

export const roleView = (role: Role): TokenRole => role.toUpperCase() as TokenRole;

export const scopeView = (scope: Scope | null): ScopeLabel[] | null =>
  scope && Object.entries(scope).map(([key, values]) => ({ key, values }));
