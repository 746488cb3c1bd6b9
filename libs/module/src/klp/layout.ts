/**
 * Where the fields of the kernel's livepatch structures are, in bytes, on every 64-bit architecture.
 *
 * Source: include/linux/livepatch.h, 5.5 to 7.3. The whole sizes hold for kernels without lock and kobject
 * debugging; a module of such a kernel does not fit, and is then not recognised rather than misread.
 */
export const PATCH = { mod: 0, objs: 8, states: 16, replace: 24, afterReplace: 25, size: 200 } as const;
export const STATE = { id: 0, version: 8, padding: 12, data: 16, size: 24 } as const;
export const OBJECT = {
  name: 0,
  funcs: 8,
  callbacks: [16, 24, 32, 40],
  afterCallbacks: 48,
  size: 168,
} as const;
export const FUNC = { oldName: 0, newFunc: 8, oldSympos: 16, afterSympos: 24, size: 152 } as const;
