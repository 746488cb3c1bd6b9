-- Names: a gap is a period in which the facts of a host were not reliable; a roll-up adds deltas to the counts.
ALTER TABLE "host_lapse" RENAME TO "host_gap";
ALTER TABLE "fold" RENAME TO "roll_up";
ALTER INDEX "fold_pkey" RENAME TO "roll_up_pkey";
ALTER TABLE "patch_author" RENAME COLUMN "word" TO "statement";

-- The partitions of gaps, and all indexes
DO $$
DECLARE
    one RECORD;
BEGIN
    FOR one IN
        SELECT "relname", "relkind"
          FROM "pg_class"
         WHERE "relnamespace" = (SELECT "relnamespace" FROM "pg_class" WHERE "oid" = 'host_gap'::regclass)
           AND "relname" LIKE 'host\_lapse\_%'
           AND "relkind" IN ('r', 'i', 'I')
    LOOP
        EXECUTE format(
            'ALTER %s %I RENAME TO %I',
            CASE one."relkind" WHEN 'r' THEN 'TABLE' ELSE 'INDEX' END,
            one."relname",
            replace(one."relname", 'host_lapse', 'host_gap')
        );
    END LOOP;
END $$;

-- What a version of a patch keeps of its author's statement
UPDATE "patch_version"
   SET "patch" = jsonb_set("patch" #- '{author,word}', '{author,statement}', "patch" #> '{author,word}')
 WHERE "patch" #> '{author,word}' IS NOT NULL;

-- Columns with a fixed set of values
CREATE TYPE "gap_kind" AS ENUM ('SILENT', 'SUPERSEDED');
CREATE TYPE "evidence" AS ENUM ('LIVE', 'MODULE', 'MANIFEST', 'UNSIGNED', 'INFERRED');
CREATE TYPE "state_impact" AS ENUM ('NONE', 'DECLARED', 'UNDECLARED', 'UNREADABLE');
CREATE TYPE "builder" AS ENUM ('STATIC', 'KPATCH_BUILD', 'KLP_BUILD', 'UNKNOWN');
CREATE TYPE "role" AS ENUM ('admin', 'publisher', 'host');

ALTER TABLE "host_gap"
    ALTER COLUMN "kind" TYPE "gap_kind" USING "kind"::"gap_kind";
ALTER TABLE "patch"
    ALTER COLUMN "impact" TYPE "state_impact" USING "impact"::"state_impact",
    ALTER COLUMN "builder" TYPE "builder" USING "builder"::"builder",
    ALTER COLUMN "evidence" TYPE "evidence" USING "evidence"::"evidence";
ALTER TABLE "patch_author"
    ALTER COLUMN "evidence" TYPE "evidence" USING "evidence"::"evidence";
ALTER TABLE "token"
    ALTER COLUMN "role" TYPE "role" USING "role"::"role";
