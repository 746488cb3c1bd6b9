import { SetMetadata } from '@nestjs/common';
import type { Role } from '../store/access/tokens.store.js';

export const ROLES = 'klpreg:roles';

/** Restricts a controller or a resolver to tokens of these roles. Without it no token is needed. */
export const Roles = (...roles: Role[]) => SetMetadata(ROLES, roles);
