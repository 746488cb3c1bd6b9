-- What a host showed about a build clears doubts for others only with a second witness. The old rows name no witness, so nothing of them is kept: hosts show it again with their next report
DROP TABLE "patch_loaded";

CREATE TABLE "patch_sighting" (
    "build_id" TEXT NOT NULL,
    "facts" UUID NOT NULL,
    "host_id" UUID NOT NULL,
    "machine" TEXT NOT NULL,
    "kernel_release" TEXT NOT NULL,
    "kernel_version" TEXT NOT NULL,
    "arch" TEXT NOT NULL,
    "kernel_build_id" TEXT,
    "objects" TEXT[],
    "over" TEXT,
    "file" TEXT,
    "verified" BOOLEAN,
    "revision" BIGINT NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,
    "until_revision" BIGINT,
    "until_at" TIMESTAMPTZ(3),

    CONSTRAINT "patch_sighting_pkey" PRIMARY KEY ("build_id","facts","host_id","revision")
);

CREATE INDEX "patch_sighting_revision_idx" ON "patch_sighting"("revision");
CREATE INDEX "patch_sighting_until_revision_idx" ON "patch_sighting"("until_revision");
CREATE INDEX "patch_sighting_host_id_idx" ON "patch_sighting"("host_id");

-- Retired because it was compromised: what it showed no longer counts
ALTER TABLE "host" ADD COLUMN "compromised" BOOLEAN NOT NULL DEFAULT false;

-- Answers that were kept by processes of before this change rest on rows that are gone
WITH next AS (UPDATE "catalog" SET "revision" = "revision" + 1, "at" = now() RETURNING "revision")
INSERT INTO "catalog_revision" ("number", "name") SELECT "revision", gen_random_uuid() FROM next;

DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    PERFORM create_reference_table('patch_sighting');
  END IF;
END $$;
