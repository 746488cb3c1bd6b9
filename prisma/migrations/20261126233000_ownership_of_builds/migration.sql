-- Who owns a build. Whoever has signed a statement about it keeps it: another owner cannot claim it.
CREATE TYPE "ownership" AS ENUM ('UNSIGNED', 'SIGNED', 'TRANSFERRED');
ALTER TABLE "patch" ADD COLUMN "ownership" "ownership" NOT NULL DEFAULT 'UNSIGNED';
UPDATE "patch"
   SET "ownership" = 'SIGNED'
 WHERE "build_id" IN (SELECT "build_id" FROM "patch_author" WHERE "key" IS NOT NULL);
UPDATE "patch_version"
   SET "patch" = "patch" || jsonb_build_object(
         'ownership',
         CASE WHEN "patch" #>> '{author,key}' IS NULL THEN 'UNSIGNED' ELSE 'SIGNED' END);

-- From when on an owner's manifests must be signed.
CREATE TABLE "owner_policy" (
    "owner" TEXT NOT NULL,
    "require_signed_from" TIMESTAMPTZ(3),
    "set_at" TIMESTAMPTZ(3) NOT NULL,
    "set_by" TEXT NOT NULL,

    CONSTRAINT "owner_policy_pkey" PRIMARY KEY ("owner")
);
