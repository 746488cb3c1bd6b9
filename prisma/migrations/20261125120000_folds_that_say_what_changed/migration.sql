-- What a batch changes is one row, not one for each cohort; and a fold says itself what it has changed, so that a count is a number and nothing else: no index has to follow it.

-- Folded before their rows get another form
INSERT INTO "cohort" AS c ("situation_id", "label_set_id", "suspect", "hosts")
SELECT "situation_id", "label_set_id", "suspect", sum("hosts") FROM "cohort_delta" GROUP BY 1, 2, 3 HAVING sum("hosts") <> 0
ON CONFLICT ("situation_id", "label_set_id", "suspect") DO UPDATE SET "hosts" = c."hosts" + excluded."hosts";
DELETE FROM "cohort_delta";

ALTER TABLE "cohort_delta" DROP COLUMN "situation_id", DROP COLUMN "label_set_id", DROP COLUMN "suspect", DROP COLUMN "hosts",
  ADD COLUMN "situation_ids" UUID[] NOT NULL, ADD COLUMN "label_set_ids" UUID[] NOT NULL, ADD COLUMN "suspects" BOOLEAN[] NOT NULL, ADD COLUMN "hosts" INTEGER[] NOT NULL;
-- ids are random: there is nothing to compress
ALTER TABLE "cohort_delta" ALTER COLUMN "situation_ids" SET STORAGE EXTERNAL, ALTER COLUMN "label_set_ids" SET STORAGE EXTERNAL;

-- Who holds counts of an earlier fold begins anew
INSERT INTO "fold" ("number", "name") SELECT max("number") + 1, gen_random_uuid() FROM "fold";
DELETE FROM "fold" WHERE "number" < (SELECT max("number") FROM "fold");
ALTER TABLE "fold" ADD COLUMN "changes" INTEGER NOT NULL DEFAULT 0, ADD COLUMN "situation_ids" UUID[] NOT NULL DEFAULT '{}', ADD COLUMN "label_set_ids" UUID[] NOT NULL DEFAULT '{}',
  ADD COLUMN "suspects" BOOLEAN[] NOT NULL DEFAULT '{}', ADD COLUMN "hosts" BIGINT[] NOT NULL DEFAULT '{}';
ALTER TABLE "fold" ALTER COLUMN "changes" DROP DEFAULT, ALTER COLUMN "situation_ids" DROP DEFAULT, ALTER COLUMN "label_set_ids" DROP DEFAULT, ALTER COLUMN "suspects" DROP DEFAULT,
  ALTER COLUMN "hosts" DROP DEFAULT, ALTER COLUMN "situation_ids" SET STORAGE EXTERNAL, ALTER COLUMN "label_set_ids" SET STORAGE EXTERNAL;

-- With its fold goes the index of it. Room in each page, so that a count is changed where it is
ALTER TABLE "cohort" DROP COLUMN "fold";
ALTER TABLE "cohort" SET (fillfactor = 70);
DELETE FROM "cohort" WHERE "hosts" = 0;
