-- Revisions of the catalog by number, each with a name of its own: whoever holds the catalog of one can tell whether this database is still the one that made it, and not an earlier one
-- that was restored and has gone another way
CREATE TABLE "catalog_revision" (
    "number" BIGINT NOT NULL,
    "name" UUID NOT NULL,

    CONSTRAINT "catalog_revision_pkey" PRIMARY KEY ("number")
);
INSERT INTO "catalog_revision" ("number", "name") SELECT "number", gen_random_uuid() FROM "catalog", generate_series(0, "revision") AS "number";
