import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Clock } from '../clock.js';
import { limitExceeded, RequestError } from '../errors.js';
import { AuditStore } from '../store/access/audit.store.js';
import { VerdictSumsStore, type WatchedTargetRow } from '../store/history/verdict-sums.store.js';
import type * as Sdl from './generated/schema.js';
import { type RequestContext, senderOf } from './sender.js';
import { ALWAYS_WATCHED, targetText } from './watched-targets.js';

const HOUR_SECONDS = 60 * 60;
/** The maximum number of rows of an answer, and of targets that are watched. */
const MAX_ROWS = 5_000;
const MAX_WATCHED = 20;

const ALWAYS = ALWAYS_WATCHED.map((target): Sdl.WatchedTarget => ({ target, since: null, setBy: null }));

/** Answers `verdictHistory`, and says which targets it is about. */
@Resolver()
export class VerdictHistoryResolver {
  constructor(
    private readonly store: VerdictSumsStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Query('verdictHistory')
  async verdictHistory(@Args() args: Sdl.QueryVerdictHistoryArgs): Promise<Sdl.VerdictCountAt[]> {
    const { to, from, until, step, byLabel } = args;
    const target = targetText(to);
    const watched = await this.watchedTargets();
    if (!watched.some((each) => each.target === target))
      throw new RequestError(
        'NOT_FOUND',
        `${JSON.stringify(target)} is not watched: an admin or gate token ` +
          `watches it with \`watchTarget\`; watched are ` +
          watched.map((each) => each.target).join(', '),
      );
    const stepSeconds = step ?? HOUR_SECONDS;
    if (stepSeconds < HOUR_SECONDS)
      throw new RequestError('BAD_USER_INPUT', `\`step\` must be at least 1h, found ${stepSeconds} s`);
    const time = { from, until: until ?? this.clock.now(), stepSeconds };
    const rows = await this.store.history(target, time, byLabel ?? false, MAX_ROWS + 1);
    if (rows.length > MAX_ROWS) throw limitExceeded('rows', MAX_ROWS, 'more');
    return rows.map(({ at, value, ...sum }) => ({
      time: at,
      value,
      ...sum,
      total: sum.safe + sum.unknown + sum.unsafe + sum.refused,
    }));
  }

  @Query('watchedTargets')
  async watchedTargets(): Promise<Sdl.WatchedTarget[]> {
    return [...ALWAYS, ...(await this.store.watched())];
  }

  @Mutation('watchTarget')
  async watchTarget(
    @Args() { to }: Sdl.MutationWatchTargetArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.WatchedTarget> {
    const target = targetText(to);
    const always = ALWAYS.find((each) => each.target === target);
    if (always !== undefined) return always;
    const watched = await this.store.watched();
    const known = watched.find((each) => each.target === target);
    if (known !== undefined) return known;
    if (watched.length >= MAX_WATCHED)
      throw limitExceeded('watched targets', MAX_WATCHED, watched.length + 1);
    const row: WatchedTargetRow = { target, since: this.clock.now(), setBy: senderOf(context) };
    return this.audit.record(async (tx) => {
      await this.store.watch(tx, row);
      return { result: row, entry: { who: row.setBy, action: 'watch-target', subject: target } };
    });
  }

  @Mutation('unwatchTarget')
  async unwatchTarget(
    @Args() { to }: Sdl.MutationUnwatchTargetArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.WatchedTarget> {
    const target = targetText(to);
    return this.audit.record(async (tx) => {
      const row = await this.store.unwatch(tx, target);
      if (row === null)
        throw new RequestError('NOT_FOUND', `${JSON.stringify(target)} is not watched, or always is`);
      return { result: row, entry: { who: senderOf(context), action: 'unwatch-target', subject: target } };
    });
  }
}
