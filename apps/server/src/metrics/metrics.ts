import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';

/** All metrics of this server. Each server has its own, so that several in one process are separate. */
@Injectable()
export class Metrics extends Registry {}
