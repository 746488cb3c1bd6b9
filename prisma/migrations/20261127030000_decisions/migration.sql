-- What gates decided, with the signed record of each question and answer.
CREATE TYPE "gate" AS ENUM ('CAN_DOWNGRADE', 'CAN_DEPLOY');
CREATE TYPE "gate_decision" AS ENUM ('YES', 'NO', 'CANNOT_TELL');
CREATE TABLE "decision" (
  "id" UUID NOT NULL,
  "change_id" TEXT NOT NULL,
  "gate" "gate" NOT NULL,
  "decision" "gate_decision" NOT NULL,
  "overridden" BOOLEAN NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "who" TEXT NOT NULL,
  "scope" TEXT,
  "record" TEXT NOT NULL,
  "key_id" TEXT NOT NULL,
  "signature" TEXT NOT NULL,
  CONSTRAINT "decision_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "decision_at_id_idx" ON "decision" ("at", "id");
CREATE INDEX "decision_change_id_at_id_idx" ON "decision" ("change_id", "at", "id");
