-- What a host showed before it was revoked, or retired as compromised, never counts again.
ALTER TABLE "patch_sighting" ADD COLUMN "disowned" BOOLEAN NOT NULL DEFAULT false;
UPDATE "patch_sighting" s
   SET "disowned" = true
 WHERE s."until_revision" IS NOT NULL
   AND (EXISTS (SELECT FROM "host" h WHERE h."id" = s."host_id" AND h."compromised")
        OR EXISTS (
             SELECT
               FROM "host_credential" c
               JOIN "enrolment_token" t ON t."id" = c."token_id"
              WHERE c."host_id" = s."host_id"
                AND (c."state" IN ('REVOKED', 'RESET') OR t."hosts_revoked_at" IS NOT NULL)));
