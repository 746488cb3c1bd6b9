import { Injectable } from '@nestjs/common';
import { unnest } from '../../database/columns.js';
import { type Connection, Database } from '../../database/database.js';
import type { CredentialState } from '../../database/generated/client.js';
import { empty, join, named, sql, type Sql } from '../../database/sql.js';
import type { Labels } from '../content/labels.store.js';
import { bucketOf } from '../hosts/bucket.js';

export type { CredentialState };

/** An enrolled host: its key, and the last credential that it got. */
export interface HostCredentialRow {
  readonly hostId: string;
  readonly publicKey: Uint8Array;
  readonly machine: string | null;
  readonly hostname: string;
  readonly tokenId: string;
  readonly labels: Labels;
  readonly state: CredentialState;
  readonly stateAt: Date;
  readonly stateBy: string | null;
  readonly enrolledAt: Date;
  readonly serial: number;
  readonly expiresAt: Date | null;
  readonly proofAt: Date;
}

/** What a host gets from its enrolment with its first report. */
export type EnrolledHost = Pick<HostCredentialRow, 'labels' | 'machine'>;

/** What the registry knows of a host apart from its enrolment. */
export interface StoredHost {
  /** Hash of the machine id in its last report; null: none. */
  readonly machine: string | null;
  /** It was retired as compromised. */
  readonly compromised: boolean;
}

/** Which enrolments are listed. */
export interface EnrolmentCondition {
  readonly state: CredentialState | null;
  readonly tokenId: string | null;
}

const COLUMNS = sql`
  host_id AS "hostId",
  public_key AS "publicKey",
  machine,
  hostname,
  token_id AS "tokenId",
  labels,
  state,
  state_at AS "stateAt",
  state_by AS "stateBy",
  enrolled_at AS "enrolledAt",
  serial,
  expires_at AS "expiresAt",
  proof_at AS "proofAt"`;

const keyOf = (hostId: string): Sql =>
  sql`bucket = ${bucketOf(hostId)}::smallint AND host_id = ${hostId}::uuid`;

const matching = ({ state, tokenId }: EnrolmentCondition): Sql =>
  join(
    [
      sql`true`,
      ...(state === null ? [] : [sql`state = ${state}::credential_state`]),
      ...(tokenId === null ? [] : [sql`token_id = ${tokenId}::uuid`]),
    ],
    ' AND ',
  );

/** The keys and credentials of enrolled hosts: one row for each. */
@Injectable()
export class HostCredentialsStore {
  constructor(private readonly db: Database) {}

  /** The enrolment of a host, locked until the transaction ends; null: it is not enrolled. */
  async lock(tx: Connection, hostId: string): Promise<HostCredentialRow | null> {
    const [row] = await tx.$queryRaw<HostCredentialRow[]>`
      SELECT ${COLUMNS} FROM host_credential WHERE ${keyOf(hostId)} FOR UPDATE`;
    return row ?? null;
  }

  async find(hostId: string): Promise<HostCredentialRow | null> {
    const [row] = await this.db.$queryRaw<HostCredentialRow[]>(
      named('hostCredentials.find', sql`SELECT ${COLUMNS} FROM host_credential WHERE ${keyOf(hostId)}`),
    );
    return row ?? null;
  }

  /**
   * Whether an admin ended the credentials of a host or of its enrolment token, has not approved its
   * enrolment, or retired it as compromised.
   */
  async isRefused(hostId: string): Promise<boolean> {
    const [row] = await this.db.$queryRaw<{ refused: boolean }[]>(
      named(
        'hostCredentials.isRefused',
        sql`
          SELECT EXISTS (SELECT FROM host_credential
                          WHERE ${keyOf(hostId)}
                            AND (state IN ('PENDING', 'REVOKED', 'REJECTED')
                                 OR state = 'ACTIVE'
                                    AND token_id IN (SELECT id FROM enrolment_token
                                                      WHERE hosts_revoked_at IS NOT NULL)))
              OR EXISTS (SELECT FROM host
                          WHERE bucket = ${bucketOf(hostId)}::smallint AND id = ${hostId}::uuid AND compromised)
              AS refused`,
      ),
    );
    return row!.refused;
  }

  /** Adds an enrolment; false if the host has one. */
  async add(tx: Connection, row: HostCredentialRow): Promise<boolean> {
    const added = await tx.$executeRaw`
      INSERT INTO host_credential (bucket, host_id, public_key, machine, hostname, token_id, labels, state,
                                   state_at, state_by, enrolled_at, serial, expires_at, proof_at)
      VALUES (${bucketOf(row.hostId)}::smallint, ${row.hostId}::uuid, ${row.publicKey}, ${row.machine},
              ${row.hostname}, ${row.tokenId}::uuid, ${JSON.stringify(row.labels)}::jsonb,
              ${row.state}::credential_state, ${row.stateAt}, ${row.stateBy}, ${row.enrolledAt},
              ${row.serial}, ${row.expiresAt}, ${row.proofAt})
      ON CONFLICT (bucket, host_id) DO NOTHING`;
    return added === 1;
  }

  /** Replaces a locked enrolment. */
  async replace(tx: Connection, row: HostCredentialRow): Promise<void> {
    await tx.$executeRaw`
      UPDATE host_credential
         SET public_key = ${row.publicKey},
             machine = ${row.machine},
             hostname = ${row.hostname},
             token_id = ${row.tokenId}::uuid,
             labels = ${JSON.stringify(row.labels)}::jsonb,
             state = ${row.state}::credential_state,
             state_at = ${row.stateAt},
             state_by = ${row.stateBy},
             enrolled_at = ${row.enrolledAt},
             serial = ${row.serial},
             expires_at = ${row.expiresAt},
             proof_at = ${row.proofAt}
       WHERE ${keyOf(row.hostId)}`;
  }

  /** The labels and the machine hash with which these hosts enrolled; one that did not has no entry. */
  async enrolled(hostIds: readonly string[]): Promise<Map<string, EnrolledHost>> {
    const keys = unnest('k', hostIds, { bucket: ['smallint', bucketOf], id: ['uuid', (id) => id] });
    const rows = await this.db.$queryRaw<(EnrolledHost & { readonly hostId: string })[]>(
      named(
        'hostCredentials.enrolled',
        sql`
          SELECT c.host_id AS "hostId", c.labels, c.machine
            FROM ${keys}
            JOIN host_credential c ON c.bucket = k.bucket AND c.host_id = k.id
           WHERE c.state = 'ACTIVE'`,
      ),
    );
    return new Map(rows.map(({ hostId, ...host }) => [hostId, host]));
  }

  /** What is stored of a host that enrols; null: it has not reported, and was not added. */
  async stored(tx: Connection, hostId: string): Promise<StoredHost | null> {
    const [row] = await tx.$queryRaw<StoredHost[]>`
      SELECT machine, compromised
        FROM host
       WHERE bucket = ${bucketOf(hostId)}::smallint AND id = ${hostId}::uuid`;
    return row ?? null;
  }

  /** The hosts that were enrolled with a token. */
  async ofToken(tx: Connection, tokenId: string): Promise<string[]> {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT host_id AS id FROM host_credential WHERE token_id = ${tokenId}::uuid`;
    return rows.map(({ id }) => id);
  }

  /** A page of enrolments in the order of their host ids; backwards, in the reverse order. */
  async page(
    condition: EnrolmentCondition,
    { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
  ): Promise<HostCredentialRow[]> {
    const beyond = backwards ? sql`<` : sql`>`;
    const from = after === null ? empty : sql`AND host_id ${beyond} ${after}::uuid`;
    return this.db.$queryRaw<HostCredentialRow[]>`
      SELECT ${COLUMNS}
        FROM host_credential
       WHERE ${matching(condition)} ${from}
       ORDER BY host_id ${backwards ? sql`DESC` : sql`ASC`}
       LIMIT ${limit}`;
  }

  async count(condition: EnrolmentCondition): Promise<number> {
    const [row] = await this.db.$queryRaw<{ hosts: bigint }[]>`
      SELECT count(*) AS hosts FROM host_credential WHERE ${matching(condition)}`;
    return Number(row!.hosts);
  }
}
