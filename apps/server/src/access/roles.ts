import { SetMetadata } from '@nestjs/common';

/** What a token may do. */
export type Role = 'admin' | 'publisher' | 'host';

export const ROLES = 'klpreg:roles';

/** Restricts a controller or a resolver to tokens of these roles. Without it no token is needed. */
export const Roles = (...roles: Role[]) => SetMetadata(ROLES, roles);
