-- The facts of a situation name the patches that left the list `unlisted`, and how each left `unlistedBy`.
-- The id of a row stays, although it is the digest of the old content: hosts keep pointing at it.
UPDATE "situation"
SET "facts" = ("facts" - 'departed') || jsonb_build_object(
  'unlisted',
  (
    SELECT coalesce(
      jsonb_agg(
        (patch - 'departure') || jsonb_build_object('unlistedBy', patch -> 'departure')
        ORDER BY position
      ),
      '[]'
    )
    FROM jsonb_array_elements("facts" -> 'departed') WITH ORDINALITY AS each(patch, position)
  )
)
WHERE "facts" ? 'departed';
