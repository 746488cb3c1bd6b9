import { Controller, Get, HttpCode, ServiceUnavailableException } from '@nestjs/common';
import { Readiness } from './readiness.js';

/** Whether the process lives, and whether it can answer. */
@Controller()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

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
    const problem = await this.readiness.problem();
    if (problem !== null) throw new ServiceUnavailableException(problem);
    return { status: 'ok' };
  }
}
