import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock.js';
import { Database } from './database.js';

/** The log of every change by a person or a token. Only ever appended to. */
@Injectable()
export class AuditStore {
  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
  ) {}

  async append(who: string, action: string, subject: string, detail: object = {}): Promise<void> {
    await this.db.audit.create({ data: { id: uuidv7(), at: this.clock.now(), who, action, subject, detail } });
  }
}
