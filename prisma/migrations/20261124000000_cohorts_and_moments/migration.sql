-- Counts that ingest keeps, history that can be asked as of any moment, and a catalog with revisions.

-- ---------------------------------------------------------------------------------------------------------------- history

-- Closed intervals only, partitioned by the day of their end: what is too old is dropped whole. The open one is in the row of the host.
ALTER TABLE "host_history" RENAME TO "host_history_before";
ALTER TABLE "host_history_before" RENAME CONSTRAINT "host_history_pkey" TO "host_history_before_pkey";

CREATE TABLE "host_history" (
    "bucket" SMALLINT NOT NULL,
    "host_id" UUID NOT NULL,
    "valid_from" TIMESTAMPTZ(3) NOT NULL,
    "valid_until" TIMESTAMPTZ(3) NOT NULL,
    "opened_by" BIGINT NOT NULL,
    "closed_by" BIGINT NOT NULL,
    "situation_id" UUID,
    "label_set_id" UUID NOT NULL,
    "boot_id" UUID,
    "suspect" BOOLEAN NOT NULL,
    "retired" BOOLEAN NOT NULL,
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "host_history_pkey" PRIMARY KEY ("bucket","host_id","valid_until","closed_by")
) PARTITION BY RANGE ("valid_until");

-- Takes what no day has been made for yet: nothing is refused
CREATE TABLE "host_history_rest" PARTITION OF "host_history" DEFAULT;

CREATE TABLE "host_lapse" (
    "bucket" SMALLINT NOT NULL,
    "host_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,
    "opened_by" BIGINT,
    "closed_by" BIGINT NOT NULL,

    CONSTRAINT "host_lapse_pkey" PRIMARY KEY ("bucket","host_id","until","closed_by","kind")
) PARTITION BY RANGE ("until");

CREATE TABLE "host_lapse_rest" PARTITION OF "host_lapse" DEFAULT;

CREATE INDEX "host_history_closed_by_idx" ON "host_history"("closed_by");
CREATE INDEX "host_lapse_closed_by_idx" ON "host_lapse"("closed_by");

-- Transaction 0 is before every snapshot
INSERT INTO "host_history" ("bucket", "host_id", "valid_from", "valid_until", "opened_by", "closed_by", "situation_id", "label_set_id", "boot_id", "suspect", "retired", "sequence")
SELECT "bucket", "host_id", "valid_from", "valid_until", 0, 0, "situation_id", "label_set_id", "boot_id", false, false, "sequence" FROM "host_history_before" WHERE "valid_until" > "valid_from";

ALTER TABLE "host" ADD COLUMN "since" TIMESTAMPTZ(3), ADD COLUMN "opened_by" BIGINT;
UPDATE "host" h SET "opened_by" = 0, "since" = coalesce((SELECT max(o."valid_from") FROM "host_history_before" o WHERE o."bucket" = h."bucket" AND o."host_id" = h."id"), h."added_at");
ALTER TABLE "host" ALTER COLUMN "since" SET NOT NULL, ALTER COLUMN "opened_by" SET NOT NULL;
CREATE INDEX "host_opened_by_idx" ON "host"("opened_by");
DROP TABLE "host_history_before";

-- -------------------------------------------------------------------------------------------------------------- heartbeats

ALTER TABLE "host_heartbeat" ADD COLUMN "confirmed_after" TIMESTAMPTZ(3), ADD COLUMN "superseded_by" BIGINT;
UPDATE "host_heartbeat" SET "confirmed_after" = "confirmed_at", "superseded_by" = CASE WHEN "superseded_at" IS NOT NULL THEN 0 END;
ALTER TABLE "host_heartbeat" ALTER COLUMN "confirmed_after" SET NOT NULL;
CREATE INDEX "host_heartbeat_confirmed_after_idx" ON "host_heartbeat"("confirmed_after");
-- Updates that leave it null stay in their page
CREATE INDEX "host_heartbeat_superseded_idx" ON "host_heartbeat"("superseded_at") WHERE "superseded_at" IS NOT NULL;

-- ----------------------------------------------------------------------------------------------------------------- cohorts

CREATE TABLE "cohort_delta" (
    "bucket" SMALLINT NOT NULL,
    "id" UUID NOT NULL,
    "situation_id" UUID NOT NULL,
    "label_set_id" UUID NOT NULL,
    "suspect" BOOLEAN NOT NULL,
    "hosts" INTEGER NOT NULL,

    CONSTRAINT "cohort_delta_pkey" PRIMARY KEY ("bucket","id")
);

CREATE TABLE "cohort" (
    "situation_id" UUID NOT NULL,
    "label_set_id" UUID NOT NULL,
    "suspect" BOOLEAN NOT NULL,
    "hosts" BIGINT NOT NULL,

    CONSTRAINT "cohort_pkey" PRIMARY KEY ("situation_id","label_set_id","suspect")
);
CREATE INDEX "cohort_label_set_id_idx" ON "cohort"("label_set_id");

INSERT INTO "cohort" ("situation_id", "label_set_id", "suspect", "hosts")
SELECT coalesce("situation_id", '00000000-0000-0000-0000-000000000000'), "label_set_id", "suspect_since" IS NOT NULL, count(*) FROM "host" WHERE "retired_at" IS NULL GROUP BY 1, 2, 3;

-- Hosts are found by cohort, in the order of their names
DROP INDEX "host_label_set_id_idx";
DROP INDEX "host_situation_id_label_set_id_idx";
CREATE INDEX "host_situation_id_label_set_id_hostname_id_idx" ON "host"("situation_id", "label_set_id", "hostname", "id");

-- ----------------------------------------------------------------------------------------------------------------- catalog

CREATE TABLE "catalog" (
    "id" SMALLINT NOT NULL,
    "revision" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "catalog_pkey" PRIMARY KEY ("id")
);
INSERT INTO "catalog" ("id", "revision", "at") VALUES (1, 1, '2026-11-24T00:00:00Z');

CREATE TABLE "patch_version" (
    "build_id" TEXT NOT NULL,
    "revision" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "patch" JSONB NOT NULL,

    CONSTRAINT "patch_version_pkey" PRIMARY KEY ("build_id","revision")
);
CREATE INDEX "patch_version_revision_idx" ON "patch_version"("revision");

INSERT INTO "patch_version" ("build_id", "revision", "at", "patch")
SELECT p."build_id", 1, p."published_at", to_jsonb(p) || jsonb_build_object(
    'states', coalesce((SELECT jsonb_agg(jsonb_build_object('position', s."position", 'id', s."id"::text, 'version', s."version"::text) ORDER BY s."position") FROM "patch_state" s WHERE s."build_id" = p."build_id"), '[]'),
    'author', (SELECT to_jsonb(a) FROM "patch_author" a WHERE a."build_id" = p."build_id" ORDER BY a."revision" DESC LIMIT 1))
  FROM "patch" p;

ALTER TABLE "patch_loaded" ADD COLUMN "revision" BIGINT NOT NULL DEFAULT 0, ADD COLUMN "seen_at" TIMESTAMPTZ(3);
CREATE INDEX "patch_loaded_revision_idx" ON "patch_loaded"("revision");

-- On Citus, distribute what belongs to hosts by their bucket; nothing happens on plain PostgreSQL
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
    PERFORM create_distributed_table('host_history', 'bucket', colocate_with => 'host');
    PERFORM create_distributed_table('host_lapse', 'bucket', colocate_with => 'host');
    PERFORM create_distributed_table('cohort_delta', 'bucket', colocate_with => 'host');
  END IF;
END $$;
