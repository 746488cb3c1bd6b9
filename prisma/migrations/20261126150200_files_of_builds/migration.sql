-- A build-id does not cover the signature: a build may have several files. Files of before were not kept; they are taken up when they are published again
ALTER TABLE "patch" ADD COLUMN "content_sha256" TEXT, ADD COLUMN "rewrites_earlier_states" BOOLEAN NOT NULL DEFAULT false;

CREATE TABLE "patch_file" (
    "build_id" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "signed" BOOLEAN NOT NULL,
    "signer" TEXT,
    "size" INTEGER,
    "published_at" TIMESTAMPTZ(3) NOT NULL,
    "published_by" TEXT NOT NULL,

    CONSTRAINT "patch_file_pkey" PRIMARY KEY ("build_id","sha256")
);

ALTER TABLE "patch_file" ADD CONSTRAINT "patch_file_build_id_fkey" FOREIGN KEY ("build_id") REFERENCES "patch"("build_id") ON DELETE CASCADE ON UPDATE NO ACTION;

DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    PERFORM create_reference_table('patch_file');
  END IF;
END $$;
