import type { Manifest } from '@klpreg/compat';

/** What an operator does to a host, one at a time. */
export type Operation =
  | { readonly do: 'LOAD' | 'DISABLE' | 'REMOVE'; readonly patch: Manifest }
  | { readonly do: 'COMPLETE' | 'REVERSE' | 'FORCE' | 'REBOOT' };

interface Listed {
  readonly patch: Manifest;
  enabled: boolean;
  transition: boolean;
  /** Its enabling was reversed: only post_unpatch runs. */
  reversed: boolean;
}

type Event = {
  patch: string;
  event: 'ENABLING' | 'PATCHED' | 'UNPATCHING' | 'UNPATCHED' | 'REVERSED' | 'FORCED';
};

/**
 * A host as its kernel is: the list, the loaded modules, and the states that were changed and that nothing
 * has restored.
 *
 * Mirrors `klp_enable_patch()`, `klp_complete_transition()` and `klp_force_transition()`: an atomic replace
 * runs no callbacks of what it replaces, and disabling looks at no state.
 */
export class HostModel {
  list: Listed[] = [];
  loaded = new Set<Manifest>();
  pinned = new Set<Manifest>();
  /** State id to the highest version that somebody left behind. */
  changed = new Map<bigint, number>();
  log: Event[] = [];
  boot = 0;
  tainted = false;

  /** Does what is possible; what the kernel refuses changes nothing. */
  run(operation: Operation): void {
    const open = this.list.find(({ transition }) => transition);
    if (operation.do === 'REBOOT') this.reboot();
    else if (operation.do === 'LOAD') this.load(operation.patch, open);
    else if (operation.do === 'DISABLE') this.disable(operation.patch, open);
    else if (operation.do === 'REMOVE') this.remove(operation.patch);
    else if (open === undefined) return;
    else if (operation.do === 'REVERSE') this.reverse(open);
    else this.complete(open, operation.do === 'FORCE');
  }

  /** What is possible now; an open transition most likely completes. */
  possible(patches: readonly Manifest[]): Operation[] {
    const { list, loaded } = this;
    if (list.some(({ transition }) => transition)) {
      const complete: Operation = { do: 'COMPLETE' };
      return [complete, complete, complete, complete, complete, complete, { do: 'REVERSE' }, { do: 'FORCE' }];
    }
    const off = [...loaded].filter(
      (patch) => !list.some((one) => one.patch === patch) && !this.pinned.has(patch),
    );
    return [
      ...patches
        .filter((patch) => !loaded.has(patch) && this.accepts(patch))
        .map((patch): Operation => ({ do: 'LOAD', patch })),
      ...list.flatMap(({ patch }): Operation[] => [
        { do: 'DISABLE', patch },
        { do: 'DISABLE', patch },
      ]),
      ...off.flatMap((patch): Operation[] => [
        { do: 'REMOVE', patch },
        { do: 'REMOVE', patch },
      ]),
    ];
  }

  /**
   * States that were changed, and that no listed patch declares at that version: what a SAFE answer must
   * never leave.
   */
  uncovered(): bigint[] {
    return [...this.changed].flatMap(([id, version]) => (this.isHeld(id, version) ? [] : [id]));
  }

  private isHeld(id: bigint, version: number): boolean {
    return this.list.some(({ patch }) =>
      patch.states!.some((state) => state.id === id && state.version >= version),
    );
  }

  private load(patch: Manifest, open: Listed | undefined): void {
    if (this.loaded.has(patch)) return;
    this.tainted = true;
    if (open !== undefined || !this.accepts(patch)) return;
    this.loaded.add(patch);
    this.list.push({ patch, enabled: true, transition: true, reversed: false });
    this.say(patch, 'ENABLING');
  }

  /** Mirrors `klp_is_patch_compatible()`. */
  private accepts(patch: Manifest): boolean {
    return this.list.every(({ patch: { states } }) =>
      states!.every(({ id, version }) => {
        const own = patch.states!.find((state) => state.id === id);
        return own === undefined ? patch.replace === false : own.version >= version;
      }),
    );
  }

  private disable(patch: Manifest, open: Listed | undefined): void {
    const listed = this.list.find((one) => one.patch === patch);
    if (listed === undefined || open !== undefined) return;
    Object.assign(listed, { enabled: false, transition: true, reversed: false });
    this.say(patch, 'UNPATCHING');
  }

  private reverse(open: Listed): void {
    open.reversed = open.enabled;
    open.enabled = !open.enabled;
    this.say(open.patch, 'REVERSED');
  }

  private complete(open: Listed, forced: boolean): void {
    if (forced) this.say(open.patch, 'FORCED');
    open.transition = false;
    this.say(open.patch, open.enabled ? 'PATCHED' : 'UNPATCHED');
    if (open.enabled) {
      for (const { id, version } of open.patch.states!) this.change(id, version);
      const replaced = open.patch.replace === true ? this.list.filter((one) => one !== open) : [];
      this.list = this.list.filter((one) => !replaced.includes(one));
      if (forced) for (const { patch } of replaced) this.pinned.add(patch);
      return;
    }
    this.list = this.list.filter((one) => one !== open);
    if (forced) this.pinned.add(open.patch);
    // A reversed enabling runs post_unpatch alone, after pre_patch has run; it is taken to restore nothing.
    const restores = !open.reversed && !forced && open.patch.author !== null;
    for (const { id, version } of open.patch.states!) {
      if (!restores) this.change(id, version);
      else if (!this.list.some(({ patch }) => patch.states!.some((state) => state.id === id)))
        this.changed.delete(id);
    }
  }

  private change(id: bigint, version: number): void {
    this.changed.set(id, Math.max(version, this.changed.get(id) ?? 0));
  }

  private remove(patch: Manifest): void {
    if (!this.pinned.has(patch) && !this.list.some((one) => one.patch === patch)) this.loaded.delete(patch);
  }

  private reboot(): void {
    this.list = [];
    this.loaded = new Set();
    this.pinned = new Set();
    this.changed = new Map();
    this.log = [];
    this.boot += 1;
    this.tainted = false;
  }

  private say({ name }: Manifest, event: Event['event']): void {
    this.log.push({ patch: name, event });
  }
}
