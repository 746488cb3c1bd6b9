export { canonicalJson, contentDigest, sha256 } from './digest.js';
export { EnrolmentRequest, isProven, RenewalRequest, withProof } from './enrolment.js';
export {
  AuthorStatement,
  FileFacts,
  Manifest,
  Publication,
  Restore,
  Signature,
  type SignedFile,
  signedForm,
} from './manifest.js';
export { BuildId, Instant, LabelKey, Labels, ModuleName, PublicName, Sha256, Uuid } from './names.js';
export { UInt32, UInt64, WireState } from './numbers.js';
export { Clock, Heartbeat, HostReading, Leftover, Livepatch, Report } from './report.js';
export {
  AllowedCode,
  LabelCondition,
  PolicyDocument,
  type PolicyRule,
  RaisedCode,
  secondsOf,
} from './policy.js';
export { problems, type Problem } from './problems.js';
