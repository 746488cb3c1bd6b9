-- The evidence of what was published without a signature is called UNSIGNED. No meaning changes.
UPDATE "patch" SET "evidence" = 'UNSIGNED' WHERE "evidence" = 'CATALOG';

UPDATE "patch_author" SET "evidence" = 'UNSIGNED' WHERE "evidence" = 'CATALOG';

UPDATE "patch_version"
   SET "patch" = jsonb_set("patch", '{evidence}', '"UNSIGNED"')
 WHERE "patch" ->> 'evidence' = 'CATALOG';

UPDATE "patch_version"
   SET "patch" = jsonb_set("patch", '{author,evidence}', '"UNSIGNED"')
 WHERE "patch" #>> '{author,evidence}' = 'CATALOG';
