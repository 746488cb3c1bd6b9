-- Each entry of the audit log gets a number and a keyed hash over itself and the entry before it.
ALTER TABLE "audit" ADD COLUMN "number" BIGINT;
UPDATE "audit" a
   SET "number" = n.number
  FROM (SELECT id, row_number() OVER (ORDER BY at, id) AS number FROM "audit") n
 WHERE n.id = a.id;
ALTER TABLE "audit"
  ALTER COLUMN "number" SET NOT NULL,
  ADD COLUMN "link" TEXT,
  ADD COLUMN "key_id" TEXT;
CREATE UNIQUE INDEX "audit_number_key" ON "audit" ("number");
