import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import type { AuditEntry } from '../store/access/audit-chain.js';
import { AuditStore } from '../store/access/audit.store.js';
import type { HostCredentialRow } from '../store/access/host-credentials.store.js';
import { LabelsStore, toLabelsDraft } from '../store/content/labels.store.js';
import { present } from '../store/history/as-of.js';
import { HostsStore } from '../store/hosts/hosts.store.js';

const ATTEMPTS = 8;

/** Gives hosts that reported before they enrolled the labels of their enrolment token. */
@Injectable()
export class EnrolledLabels {
  constructor(
    private readonly hosts: HostsStore,
    private readonly labels: LabelsStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  /** Adds the labels of an enrolment to its host, if that is stored. Labels that an admin set before stay. */
  async confer({ hostId: id, labels }: HostCredentialRow): Promise<void> {
    if (Object.keys(labels).length === 0) return;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const [host] = await this.hosts.find({ id }, 1, present(this.clock.now()), null, true);
      if (host === undefined) return;
      const draft = toLabelsDraft({ ...labels, ...host.labels });
      await this.labels.keep([draft]);
      const changed = await this.audit.record(async (tx) => {
        const result = await this.hosts.relabel(tx, id, host.labelSetId, draft.id, this.clock.now());
        const entry: AuditEntry = { who: 'enrolment', action: 'label-host', subject: id, detail: { labels } };
        return { result, entry: result === 'CHANGED' ? entry : null };
      });
      if (changed !== 'CONFLICT') return;
    }
  }
}
