import { SetMetadata } from '@nestjs/common';

/** What a token may do. */
export type Role = 'admin' | 'publisher' | 'host';

export const ROLES = 'klpreg:roles';

/** Only a bearer of one of these roles may knock here. What is not marked needs no token. */
export const Roles = (...roles: Role[]) => SetMetadata(ROLES, roles);
