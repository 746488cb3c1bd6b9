-- Counts that a server may hold and bring up to date, and overdue hosts that are counted without looking at hosts.

-- The fold that last changed this count. A count of nothing stays for a while, so that whoever holds it learns that it is nothing.
ALTER TABLE "cohort" ADD COLUMN "fold" BIGINT NOT NULL DEFAULT 0;
CREATE INDEX "cohort_fold_idx" ON "cohort"("fold");

-- The cohort in which the host counts; null: in none, it is retired. The same as in the row of the host, and written with it
ALTER TABLE "host_heartbeat" ADD COLUMN "situation_id" UUID, ADD COLUMN "label_set_id" UUID, ADD COLUMN "suspect" BOOLEAN NOT NULL DEFAULT false;
UPDATE "host_heartbeat" b SET "situation_id" = h."situation_id", "label_set_id" = h."label_set_id", "suspect" = h."suspect_since" IS NOT NULL
  FROM "host" h WHERE h."bucket" = b."bucket" AND h."id" = b."host_id" AND h."retired_at" IS NULL;

-- Folds by number, each with a name of its own: who holds counts of a fold can tell whether this database is still the one that made it, and not an earlier one that was restored
CREATE TABLE "fold" (
    "number" BIGINT NOT NULL,
    "name" UUID NOT NULL,

    CONSTRAINT "fold_pkey" PRIMARY KEY ("number")
);
INSERT INTO "fold" ("number", "name") VALUES (0, gen_random_uuid());
