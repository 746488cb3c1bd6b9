import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** How long the database may take to answer. */
const PATIENCE_MS = 2_000;
const SILENT = 'the database does not answer';

/** Whether this server can answer. */
@Injectable()
export class Readiness {
  constructor(private readonly db: Database) {}

  /** Returns why no request should be sent here, within two seconds; null if there is no reason. */
  async problem(): Promise<string | null> {
    return Promise.race([
      this.look(),
      new Promise<string>((resolve) => setTimeout(resolve, PATIENCE_MS, SILENT).unref()),
    ]);
  }

  private async look(): Promise<string | null> {
    try {
      if (!(await this.db.isWritable())) return 'the database cannot be written: it is read-only';
    } catch {
      return SILENT;
    }
    return this.db.faults.outage ? 'the database could not be written a moment ago' : null;
  }
}
