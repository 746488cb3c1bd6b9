// Everything runs as CommonJS inside Jest (one copy of every package): .ts and the ES modules of node_modules
// go through SWC.
const { createTransformer } = require('@swc/jest');

const jsc = {
  target: 'es2023',
  parser: { syntax: 'typescript', decorators: true },
  transform: { legacyDecorator: true, decoratorMetadata: true },
  keepClassNames: true,
};
// keep import(): the Prisma client loads .mjs files
const own = createTransformer({ jsc, module: { type: 'commonjs', ignoreDynamic: true } });
const dependency = createTransformer({
  jsc: { target: 'es2023', parser: { syntax: 'ecmascript' } },
  module: { type: 'commonjs' },
});
const ES_MODULE = /^\s*(?:import[\s{*"']|export[\s{*])|import\.meta/m;

// what is import()ed stays an ES module
const pick = (source, file, options) =>
  !file.includes('/node_modules/')
    ? own
    : !options.supportsStaticESM && ES_MODULE.test(source)
      ? dependency
      : null;

module.exports = {
  getCacheKey: (source, file, options) =>
    (pick(source, file, options) ?? own).getCacheKey(source, file, options),
  process: (source, file, options) =>
    pick(source, file, options)?.process(source, file, options) ?? { code: source },
};
