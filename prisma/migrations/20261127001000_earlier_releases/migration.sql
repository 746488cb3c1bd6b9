-- A claim may move a build to another release. Answers about the past look up releases as they were then.
ALTER TABLE "patch" ADD COLUMN "earlier_releases" TEXT[] DEFAULT ARRAY[]::TEXT[];
