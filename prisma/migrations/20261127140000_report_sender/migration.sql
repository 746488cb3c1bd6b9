-- Who sent the last report of each period. Unknown for what is stored already.
ALTER TABLE "host" ADD COLUMN "sent_by" TEXT;
ALTER TABLE "host_history" ADD COLUMN "sent_by" TEXT;
