-- The policies of the registry. Rows are only added. Each is a change of the catalog, so that a snapshot pins it.

CREATE TABLE "policy_revision" (
    "number" INTEGER NOT NULL,
    "catalog_revision" BIGINT NOT NULL,
    "document" JSONB NOT NULL,
    "applied_at" TIMESTAMPTZ(3) NOT NULL,
    "applied_by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,

    CONSTRAINT "policy_revision_pkey" PRIMARY KEY ("number")
);

CREATE UNIQUE INDEX "policy_revision_catalog_revision_key" ON "policy_revision"("catalog_revision");
