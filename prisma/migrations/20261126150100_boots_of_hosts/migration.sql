-- Which sequences each boot of a host has used: two machines with one identity interleave
CREATE TABLE "host_boot" (
    "bucket" SMALLINT NOT NULL,
    "host_id" UUID NOT NULL,
    "boot_id" UUID NOT NULL,
    "first_sequence" BIGINT NOT NULL,
    "last_sequence" BIGINT NOT NULL,

    CONSTRAINT "host_boot_pkey" PRIMARY KEY ("bucket","host_id","boot_id")
);

INSERT INTO "host_boot" ("bucket", "host_id", "boot_id", "first_sequence", "last_sequence")
SELECT "bucket", "id", "boot_id", "sequence", "sequence" FROM "host" WHERE "boot_id" IS NOT NULL;

DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    PERFORM create_distributed_table('host_boot', 'bucket', colocate_with => 'host');
  END IF;
END $$;
