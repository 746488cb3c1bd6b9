import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** The server sends these instead of compressing each answer. */
const compressed: Plugin = {
  name: 'compressed',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler(_, bundle) {
      for (const [fileName, file] of Object.entries(bundle)) {
        const source = file.type === 'chunk' ? file.code : file.source;
        this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(source, { level: 9 }) });
        this.emitFile({
          type: 'asset',
          fileName: `${fileName}.br`,
          source: brotliCompressSync(source, { params: { [constants.BROTLI_PARAM_QUALITY]: 7 } }),
        });
      }
    },
  },
};

/** Where Vite gets the data of the page from. */
const registry = process.env.KLPREG_URL ?? 'http://127.0.0.1:3000';
/** The host of the requests stays that of the page: the registry refuses what another site sends. */
const proxy = { target: registry, changeOrigin: false };

export default defineConfig({
  plugins: [compressed],
  // npm puts a newer React, which others need, where packages that GraphiQL imports find it
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    outDir: 'dist/page',
    emptyOutDir: true,
    target: 'es2022',
    // the page has a content security policy without data: fonts or scripts
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: ['index.html', 'graphiql.html'],
      // React's packages name themselves as for the client only, which means nothing to a page
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: false,
  },
  logLevel: 'warn',
  // `npx vite apps/dashboard` shows changes at once, with the data of a running registry
  server: { proxy: { '/graphql': proxy, '/v1': proxy } },
});
