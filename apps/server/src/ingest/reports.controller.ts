import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { contentDigest, Report } from '@klpreg/wire';
import { Roles } from '../access/roles.js';
import { CONFIG, type Config } from '../config.js';
import { Mistake } from '../errors.js';
import { type Batch, eachOf } from './batch.js';
import { parse } from './parse.js';
import { type ReportOutcome, Reports } from './reports.js';

export interface ReportAnswer {
  readonly outcome: ReportOutcome;
  readonly host: string;
  readonly intervalSeconds: number;
}

@Controller('v1')
export class ReportsController {
  constructor(
    private readonly reports: Reports,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Stores what an agent saw. A 2xx answer means durably committed; a repeated document changes nothing; an older one never overwrites a newer one. */
  @Post('reports')
  @HttpCode(200)
  @Roles('host', 'admin')
  async receive(@Body() body: unknown): Promise<ReportAnswer> {
    const report = parse(Report, body, 'report');
    const digest = contentDigest(body as Record<string, unknown>);
    if (digest !== report.digest)
      throw new Mistake('BAD_USER_INPUT', 'the digest is not that of the content', [
        { pointer: '/digest', detail: `must be the digest of this content, ${digest}`, found: report.digest },
      ]);
    return { outcome: await this.reports.add(report), host: report.host.instance, intervalSeconds: this.config.intervalSeconds };
  }

  /** As many reports at once, for relays and sites without a network: each has its own outcome. */
  @Post('reports::batch')
  @HttpCode(200)
  @Roles('host', 'admin')
  async receiveBatch(@Body() body: unknown): Promise<Batch<ReportAnswer>> {
    return eachOf(body, (one) => this.receive(one));
  }
}
