import { Controller, Get, HttpCode, ServiceUnavailableException } from '@nestjs/common';
import { Database } from './store/database.js';

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

  /** The database answers: questions and documents are welcome. */
  @Get('readyz')
  @HttpCode(200)
  async ready() {
    const answer = await Promise.race([
      this.db.$queryRaw`SELECT 1`.then(
        () => true,
        () => false,
      ),
      new Promise<false>((resolve) => setTimeout(resolve, 2000, false).unref()),
    ]);
    if (!answer) throw new ServiceUnavailableException('the database does not answer');
    return { status: 'ok' };
  }
}
