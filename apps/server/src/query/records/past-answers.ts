import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config.js';
import { RequestError } from '../../errors.js';
import { CatalogStore } from '../../store/catalog/catalog.store.js';
import { EpochsStore } from '../../store/history/epochs.store.js';
import { catalogOf, inEpoch, toAskedTime } from '../snapshot.js';

/** Tells whether an earlier answer can be given again. */
@Injectable()
export class PastAnswers {
  constructor(
    private readonly epochs: EpochsStore,
    private readonly catalog: CatalogStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Returns why the history no longer has the snapshot of an answer. Null: it has. */
  async whyGone(
    snapshot: { readonly id?: string | null; readonly now: string },
    now: Date,
  ): Promise<string | null> {
    const time = snapshot.id == null ? { asOf: new Date(snapshot.now) } : { snapshot: snapshot.id };
    try {
      const asked = toAskedTime(time, null, this.config, now);
      await catalogOf(this.catalog, { ...asked, asOf: await inEpoch(this.epochs, asked.asOf) });
      return null;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'SNAPSHOT_GONE') return error.message;
      throw error;
    }
  }
}
