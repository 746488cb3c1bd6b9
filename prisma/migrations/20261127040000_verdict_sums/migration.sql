-- Targets whose verdicts are counted each hour, in addition to "previous" and "original".
CREATE TABLE "watched_target" (
    "target" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "set_by" TEXT NOT NULL,

    CONSTRAINT "watched_target_pkey" PRIMARY KEY ("target")
);

-- The numbers of verdicts of an hour: for all hosts, and for each value of one label.
CREATE TABLE "verdict_sum" (
    "target" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "value" TEXT NOT NULL,
    "safe" INTEGER NOT NULL,
    "unknown" INTEGER NOT NULL,
    "unsafe" INTEGER NOT NULL,
    "refused" INTEGER NOT NULL,
    "accepted" INTEGER NOT NULL,

    CONSTRAINT "verdict_sum_pkey" PRIMARY KEY ("target", "at", "value")
);
