-- Histories of transaction ids. Rows and ids of snapshots name transactions; which ones they mean follows from the epoch. The server begins the first epoch when it starts.
CREATE TABLE "epoch" (
    "number" BIGINT NOT NULL,
    "name" UUID NOT NULL,
    "cause" TEXT NOT NULL,
    "system_identifier" BIGINT NOT NULL,
    "timeline" INTEGER NOT NULL,
    "database_oid" BIGINT NOT NULL,
    "server_started" TIMESTAMPTZ(6) NOT NULL,
    "written_by" BIGINT NOT NULL,
    "before_ended" DECIMAL(20,0),
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "epoch_pkey" PRIMARY KEY ("number")
);
CREATE UNIQUE INDEX "epoch_name_key" ON "epoch"("name");
