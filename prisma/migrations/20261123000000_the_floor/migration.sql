-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "host" (
    "bucket" SMALLINT NOT NULL,
    "id" UUID NOT NULL,
    "hostname" TEXT NOT NULL,
    "machine" TEXT,
    "label_set_id" UUID NOT NULL,
    "situation_id" UUID,
    "boot_id" UUID,
    "sequence" BIGINT NOT NULL DEFAULT 0,
    "digest" TEXT,
    "observed_at" TIMESTAMPTZ(3),
    "detail" JSONB NOT NULL DEFAULT '{}',
    "referenced_since" JSONB NOT NULL DEFAULT '{}',
    "added_at" TIMESTAMPTZ(3) NOT NULL,
    "suspect_since" TIMESTAMPTZ(3),
    "retired_at" TIMESTAMPTZ(3),
    "retired_by" TEXT,

    CONSTRAINT "host_pkey" PRIMARY KEY ("bucket","id")
);

-- CreateTable
CREATE TABLE "host_heartbeat" (
    "bucket" SMALLINT NOT NULL,
    "host_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "digest" TEXT NOT NULL,
    "boot_id" UUID NOT NULL,
    "recheck_at" TIMESTAMPTZ(3),
    "confirmed_at" TIMESTAMPTZ(3) NOT NULL,
    "contact_at" TIMESTAMPTZ(3) NOT NULL,
    "superseded_at" TIMESTAMPTZ(3),

    CONSTRAINT "host_heartbeat_pkey" PRIMARY KEY ("bucket","host_id")
);

-- CreateTable
CREATE TABLE "host_history" (
    "bucket" SMALLINT NOT NULL,
    "host_id" UUID NOT NULL,
    "valid_from" TIMESTAMPTZ(3) NOT NULL,
    "valid_until" TIMESTAMPTZ(3),
    "situation_id" UUID,
    "label_set_id" UUID NOT NULL,
    "boot_id" UUID,
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "host_history_pkey" PRIMARY KEY ("bucket","host_id","valid_from")
);

-- CreateTable
CREATE TABLE "label_set" (
    "id" UUID NOT NULL,
    "labels" JSONB NOT NULL,

    CONSTRAINT "label_set_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stack" (
    "id" UUID NOT NULL,
    "patches" JSONB NOT NULL,

    CONSTRAINT "stack_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stack_patch" (
    "stack_id" UUID NOT NULL,
    "position" SMALLINT NOT NULL,
    "name" TEXT NOT NULL,
    "build_id" TEXT,

    CONSTRAINT "stack_patch_pkey" PRIMARY KEY ("stack_id","position")
);

-- CreateTable
CREATE TABLE "situation" (
    "id" UUID NOT NULL,
    "stack_id" UUID NOT NULL,
    "kernel_release" TEXT NOT NULL,
    "kernel_version" TEXT NOT NULL,
    "arch" TEXT NOT NULL,
    "facts" JSONB NOT NULL,

    CONSTRAINT "situation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "patch" (
    "build_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "release" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "kernel_release" TEXT NOT NULL,
    "arch" TEXT NOT NULL,
    "vermagic" TEXT,
    "modversions" BOOLEAN NOT NULL,
    "srcversion" TEXT,
    "sha256" TEXT,
    "livepatch" BOOLEAN NOT NULL,
    "builder" TEXT NOT NULL,
    "replace" BOOLEAN,
    "readable" BOOLEAN NOT NULL,
    "unreadable" TEXT,
    "impact" TEXT NOT NULL,
    "impact_reasons" TEXT[],
    "callbacks" JSONB,
    "objects" JSONB,
    "evidence" TEXT NOT NULL,
    "other_files" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "disagreements" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "published_at" TIMESTAMPTZ(3) NOT NULL,
    "published_by" TEXT NOT NULL,
    "recalled_at" TIMESTAMPTZ(3),
    "recall_reason" TEXT,

    CONSTRAINT "patch_pkey" PRIMARY KEY ("build_id")
);

-- CreateTable
CREATE TABLE "patch_state" (
    "build_id" TEXT NOT NULL,
    "position" SMALLINT NOT NULL,
    "id" DECIMAL(20,0) NOT NULL,
    "version" BIGINT NOT NULL,

    CONSTRAINT "patch_state_pkey" PRIMARY KEY ("build_id","position")
);

-- CreateTable
CREATE TABLE "patch_author" (
    "build_id" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "evidence" TEXT NOT NULL,
    "word" JSONB NOT NULL,
    "key" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "by" TEXT NOT NULL,

    CONSTRAINT "patch_author_pkey" PRIMARY KEY ("build_id","revision")
);

-- CreateTable
CREATE TABLE "patch_loaded" (
    "build_id" TEXT NOT NULL,
    "kernel_version" TEXT NOT NULL,
    "object" TEXT NOT NULL,

    CONSTRAINT "patch_loaded_pkey" PRIMARY KEY ("build_id","kernel_version","object")
);

-- CreateTable
CREATE TABLE "token" (
    "id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "owner_key" (
    "fingerprint" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL,
    "added_by" TEXT NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "owner_key_pkey" PRIMARY KEY ("fingerprint")
);

-- CreateTable
CREATE TABLE "audit" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "who" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "host_hostname_id_idx" ON "host"("hostname", "id");

-- CreateIndex
CREATE INDEX "host_situation_id_label_set_id_idx" ON "host"("situation_id", "label_set_id");

-- CreateIndex
CREATE INDEX "host_label_set_id_idx" ON "host"("label_set_id");

-- CreateIndex
CREATE INDEX "label_set_labels_idx" ON "label_set" USING GIN ("labels" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "stack_patch_build_id_idx" ON "stack_patch"("build_id");

-- CreateIndex
CREATE INDEX "situation_stack_id_idx" ON "situation"("stack_id");

-- CreateIndex
CREATE INDEX "patch_name_build_id_idx" ON "patch"("name", "build_id");

-- CreateIndex
CREATE INDEX "patch_release_idx" ON "patch"("release");

-- CreateIndex
CREATE INDEX "patch_state_id_version_idx" ON "patch_state"("id", "version");

-- CreateIndex
CREATE UNIQUE INDEX "token_hash_key" ON "token"("hash");

-- CreateIndex
CREATE INDEX "owner_key_owner_idx" ON "owner_key"("owner");

-- CreateIndex
CREATE INDEX "audit_at_idx" ON "audit"("at");

-- The narrow row of each host is written every minute: leave room for it in its page
ALTER TABLE "host_heartbeat" SET (fillfactor = 50);

-- On Citus, distribute the tables of hosts by their bucket and copy the reference tables; nothing happens on plain PostgreSQL
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
    PERFORM create_reference_table('label_set');
    PERFORM create_reference_table('stack');
    PERFORM create_reference_table('stack_patch');
    PERFORM create_reference_table('situation');
    PERFORM create_reference_table('patch');
    PERFORM create_reference_table('patch_state');
    PERFORM create_reference_table('patch_author');
    PERFORM create_reference_table('patch_loaded');
    PERFORM create_distributed_table('host', 'bucket', colocate_with => 'none');
    PERFORM create_distributed_table('host_heartbeat', 'bucket', colocate_with => 'host');
    PERFORM create_distributed_table('host_history', 'bucket', colocate_with => 'host');
  END IF;
END $$;

-- AddForeignKey
ALTER TABLE "host" ADD CONSTRAINT "host_label_set_id_fkey" FOREIGN KEY ("label_set_id") REFERENCES "label_set"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "host" ADD CONSTRAINT "host_situation_id_fkey" FOREIGN KEY ("situation_id") REFERENCES "situation"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "stack_patch" ADD CONSTRAINT "stack_patch_stack_id_fkey" FOREIGN KEY ("stack_id") REFERENCES "stack"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "situation" ADD CONSTRAINT "situation_stack_id_fkey" FOREIGN KEY ("stack_id") REFERENCES "stack"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "patch_state" ADD CONSTRAINT "patch_state_build_id_fkey" FOREIGN KEY ("build_id") REFERENCES "patch"("build_id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "patch_author" ADD CONSTRAINT "patch_author_build_id_fkey" FOREIGN KEY ("build_id") REFERENCES "patch"("build_id") ON DELETE CASCADE ON UPDATE NO ACTION;

