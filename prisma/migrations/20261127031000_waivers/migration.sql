-- Reasons that are accepted for some hosts until a time.
CREATE TABLE "waiver" (
  "id" UUID NOT NULL,
  "owner" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "codes" TEXT[],
  "selector" JSONB NOT NULL,
  "release" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "created_by" TEXT NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "revoked_at" TIMESTAMPTZ(3),
  "revoked_by" TEXT,
  "revoke_reason" TEXT,
  CONSTRAINT "waiver_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "waiver_expires_at_idx" ON "waiver" ("expires_at");
