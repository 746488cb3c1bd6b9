-- The shared token of agents sends for other hosts, as a relay does
ALTER TYPE "role" RENAME VALUE 'host' TO 'relay';
ALTER TYPE "role" ADD VALUE 'gate' BEFORE 'relay';
ALTER TYPE "role" ADD VALUE 'reader' BEFORE 'relay';

ALTER TABLE "token"
    ADD COLUMN "scope" JSONB,
    ADD COLUMN "owners" JSONB,
    ADD COLUMN "created_by" TEXT,
    ADD COLUMN "last_used_at" TIMESTAMPTZ(3),
    ADD COLUMN "revoked_by" TEXT;
