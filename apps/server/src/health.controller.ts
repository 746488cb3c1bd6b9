import { Controller, Get, HttpCode, ServiceUnavailableException } from '@nestjs/common';
import { Database } from './database/database.js';

/** Whether the process lives, and whether it can answer. */
@Controller()
export class HealthController {
  constructor(private readonly db: Database) {}

  /** The process lives. */
  @Get('livez')
  @HttpCode(200)
  live() {
    return { status: 'ok' };
  }

  /** The database answers and can be written, as far as the server knows. */
  @Get('readyz')
  @HttpCode(200)
  async ready() {
    const answer = await Promise.race([
      this.look(),
      new Promise<string>((resolve) => setTimeout(resolve, 2000, 'the database does not answer').unref()),
    ]);
    if (answer !== null) throw new ServiceUnavailableException(answer);
    return { status: 'ok' };
  }

  /** Returns why no request should be sent here; null if there is no reason. */
  private async look(): Promise<string | null> {
    try {
      if (!(await this.db.isWritable())) return 'the database cannot be written: it is read-only';
    } catch {
      return 'the database does not answer';
    }
    return this.db.faults.outage ? 'the database could not be written a moment ago' : null;
  }
}
