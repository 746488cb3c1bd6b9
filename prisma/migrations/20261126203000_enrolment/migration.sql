-- Hosts enrol with a token, and get credentials of their own.
CREATE TYPE "credential_state" AS ENUM ('PENDING', 'ACTIVE', 'REJECTED', 'REVOKED', 'RESET');

CREATE TABLE "host_credential" (
    "bucket" SMALLINT NOT NULL,
    "host_id" UUID NOT NULL,
    "public_key" BYTEA NOT NULL,
    "machine" TEXT,
    "hostname" TEXT NOT NULL,
    "token_id" UUID NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "state" "credential_state" NOT NULL,
    "state_at" TIMESTAMPTZ(3) NOT NULL,
    "state_by" TEXT,
    "enrolled_at" TIMESTAMPTZ(3) NOT NULL,
    "serial" INTEGER NOT NULL DEFAULT 0,
    "expires_at" TIMESTAMPTZ(3),
    "proof_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "host_credential_pkey" PRIMARY KEY ("bucket", "host_id")
);
CREATE INDEX "host_credential_token_id_idx" ON "host_credential" ("token_id");
CREATE INDEX "host_credential_state_idx" ON "host_credential" ("state");

CREATE TABLE "enrolment_token" (
    "id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "use_limit" INTEGER,
    "uses" INTEGER NOT NULL DEFAULT 0,
    "addresses" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "needs_approval" BOOLEAN NOT NULL DEFAULT false,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "hosts_revoked_at" TIMESTAMPTZ(3),
    CONSTRAINT "enrolment_token_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "enrolment_token_hash_key" ON "enrolment_token" ("hash");

CREATE TABLE "server_key" (
    "id" SMALLINT NOT NULL,
    "secret" BYTEA NOT NULL,
    "active_from" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "server_key_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "credential_revocation" (
    "revision" BIGINT NOT NULL,
    "subject" UUID NOT NULL,
    "serial" INTEGER,
    "at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "credential_revocation_pkey" PRIMARY KEY ("revision")
);

-- On a cluster: with the other tables of hosts
DO $$
BEGIN
    IF EXISTS (SELECT FROM "pg_extension" WHERE "extname" = 'citus') THEN
        PERFORM create_distributed_table('host_credential', 'bucket', colocate_with => 'host');
    END IF;
END $$;
