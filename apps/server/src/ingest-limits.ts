import { integer, type LimitsOf, settingsOf, toLimits } from './integer-setting.js';

const MS = ' of milliseconds';

/** Limits of ingest, each with its setting. The defaults suit two cores. */
const LIMITS = {
  /** Maximum number of messages in one transaction. */
  batchSize: ['KLPREG_INGEST_BATCH_SIZE', integer('', 1, 5000, 500)],
  /** How long the first message of a batch waits for others. */
  batchWaitMs: ['KLPREG_INGEST_BATCH_WAIT_MS', integer(MS, 0, 1000, 3)],
  /**
   * Maximum number of batches of one endpoint that are stored at the same time.
   *
   * With two, one is decided while PostgreSQL stores the other. More make each batch smaller, and its fixed
   * cost counts more.
   */
  parallelBatches: ['KLPREG_INGEST_PARALLEL_BATCHES', integer('', 1, 16, 2)],
  /** Minimum number of waiting messages for a batch that starts while another one is stored. */
  parallelFromReports: ['KLPREG_INGEST_PARALLEL_FROM_REPORTS', integer('', 1, 5000, 1)],
  /** The same. The fixed cost of a batch is that of 17 heartbeats. */
  parallelFromHeartbeats: ['KLPREG_INGEST_PARALLEL_FROM_HEARTBEATS', integer('', 1, 5000, 100)],
  /** How long messages are read and decided before the event loop has a turn. */
  timeSliceMs: ['KLPREG_INGEST_TIME_SLICE_MS', integer(MS, 1, 1000, 2)],
  /** Maximum number of answers in one turn of the event loop. */
  reportAnswersPerTurn: ['KLPREG_INGEST_REPORT_ANSWERS_PER_TURN', integer('', 1, 5000, 16)],
  /** The same. An answer to a heartbeat costs less than one to a report. */
  heartbeatAnswersPerTurn: ['KLPREG_INGEST_HEARTBEAT_ANSWERS_PER_TURN', integer('', 1, 5000, 64)],
  /** Maximum number of pending messages of one endpoint. */
  queue: ['KLPREG_INGEST_QUEUE', integer('', 1, 100_000, 5000)],
  /** Target queueing delay. Beyond what is stored within it, requests get 503. */
  queueDelayMs: ['KLPREG_INGEST_QUEUE_DELAY_MS', integer(MS, 10, 60_000, 1000)],
  /**
   * Maximum of pending messages, above which new connections get 503 while the accept backlog is not drained.
   */
  newConnections: ['KLPREG_INGEST_NEW_CONNECTIONS', integer('', 1, 100_000, 200)],
  /**
   * How long the accept backlog may take before that maximum applies. It halves each time this duration
   * doubles.
   */
  newConnectionsDelayMs: ['KLPREG_INGEST_NEW_CONNECTIONS_DELAY_MS', integer(MS, 1, 60_000, 250)],
  /**
   * Range of `Retry-After`. An agent waits 10 to 15 s for an answer and tries for 30 s. After a longer
   * `Retry-After` most wait for their next cycle, which costs nothing.
   */
  retryMinMs: ['KLPREG_INGEST_RETRY_MIN_MS', integer(MS, 1000, 3_600_000, 2000)],
  retryMaxMs: ['KLPREG_INGEST_RETRY_MAX_MS', integer(MS, 1000, 3_600_000, 60_000)],
  /** Maximum number of requests whose token is looked up in the database at the same time. */
  tokenLookups: ['KLPREG_INGEST_TOKEN_LOOKUPS', integer('', 1, 10_000, 200)],
  /** Memory for all bodies above 16 KiB that are received or not answered yet. */
  bodyMemoryMib: ['KLPREG_INGEST_BODY_MEMORY_MIB', integer(' of MiB', 8, 65_536, 64)],
  /** Maximum processor time of a job in a worker thread. */
  jobSeconds: ['KLPREG_INGEST_JOB_SECONDS', integer(' of seconds', 1, 3600, 5)],
  /** Maximum heap of a worker thread. */
  jobMemoryMib: ['KLPREG_INGEST_JOB_MEMORY_MIB', integer(' of MiB', 64, 65_536, 512)],
  /**
   * Maximum of what is stored for one host, of its last report and of this boot before. A report of 1 MiB can
   * be stored; the patches that left the list are bounded as well.
   */
  hostKib: ['KLPREG_INGEST_HOST_KIB', integer(' of KiB', 16, 65_536, 1024)],
  /** Maximum of changed reports of one host in an hour, all of which the history keeps. */
  hostKibPerHour: ['KLPREG_INGEST_HOST_KIB_PER_HOUR', integer(' of KiB', 1024, 100_000_000, 16_384)],
  /** Maximum number of publishers that upload at the same time, one file each. */
  uploads: ['KLPREG_INGEST_UPLOADS', integer('', 1, 1000, 4)],
  /** Maximum number of uploads of one publisher that wait. */
  waitingUploads: ['KLPREG_INGEST_WAITING_UPLOADS', integer('', 0, 1000, 16)],
} as const;

export type IngestLimits = LimitsOf<typeof LIMITS>;

/** The settings as fields of a zod object. */
export const ingestSettings = settingsOf(LIMITS);

export const toIngestLimits = (settings: Parameters<typeof toLimits<typeof LIMITS>>[1]): IngestLimits =>
  toLimits(LIMITS, settings);
