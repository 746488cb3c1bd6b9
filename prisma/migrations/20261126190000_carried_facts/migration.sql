-- What the next report of a host is compared with. The column had the times of references only, at first.
ALTER TABLE "host" RENAME COLUMN "referenced_since" TO "carried_facts";
ALTER TABLE "host" ALTER COLUMN "carried_facts" SET DEFAULT '{"referencedSince": {}}';

-- Rows from before it had more
UPDATE "host"
   SET "carried_facts" = jsonb_build_object('referencedSince', "carried_facts")
 WHERE jsonb_typeof("carried_facts" -> 'referencedSince') IS DISTINCT FROM 'object';
