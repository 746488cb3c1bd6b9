import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';

/** Every metric of this server. One for each server, so that several in one process keep apart. */
@Injectable()
export class Metrics extends Registry {}
