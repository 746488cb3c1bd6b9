import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { HostCredentials } from '../access/host-credentials.js';
import { HostPlaces } from '../access/host-places.js';
import { Metrics } from './metrics.js';

/** What this server knows of host credentials. */
@Injectable()
export class CredentialMetrics {
  constructor(metrics: Metrics, credentials: HostCredentials, places: HostPlaces) {
    const gauge = (name: string, help: string, value: () => number): void =>
      void new Gauge({
        name,
        help,
        registers: [metrics],
        collect() {
          this.set(value());
        },
      });
    gauge(
      'klpreg_credentials_read_age_seconds',
      'Time since this server read the keys of host credentials and ' +
        'what is revoked. It reads them every 2 s.',
      () => credentials.ageSeconds,
    );
    gauge(
      'klpreg_credentials_revoked',
      'Hosts and enrolment tokens with revoked credentials that this server knows.',
      () => credentials.revocations,
    );
    gauge(
      'klpreg_credentials_at_two_places',
      'Hosts whose credentials were used from two networks by turns ' +
        'within the last hour, at this server. The log ' +
        'names them.',
      () => places.hosts,
    );
  }
}
