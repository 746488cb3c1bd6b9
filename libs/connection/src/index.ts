export { certificateProblem } from './certificate-problem.js';
export { configurationObjection, secretObjection } from './file-objections.js';
export { exchange, type Reply } from './exchange.js';
export { FileProblem, readTlsFiles, type TlsFiles, type TlsOptions } from './tls-files.js';
