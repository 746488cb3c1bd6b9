-- A signature names the SHA-256 of the file. Those of before do not: their statements count as unsigned.
ALTER TABLE "patch_author" ADD COLUMN "signed_file" TEXT;
UPDATE "patch_author" SET "evidence" = 'UNSIGNED' WHERE "key" IS NOT NULL;
UPDATE "patch_version"
   SET "patch" = jsonb_set("patch", '{author,evidence}', '"UNSIGNED"')
 WHERE "patch" #>> '{author,key}' IS NOT NULL;

-- Keys are valid for a time. Those of before are valid since they were added, without end.
ALTER TABLE "owner_key"
  ADD COLUMN "valid_from" TIMESTAMPTZ(3),
  ADD COLUMN "valid_until" TIMESTAMPTZ(3);
UPDATE "owner_key" SET "valid_from" = "added_at";
ALTER TABLE "owner_key" ALTER COLUMN "valid_from" SET NOT NULL;
