export { type CertificateFiles, Certificates } from './certificates.js';
