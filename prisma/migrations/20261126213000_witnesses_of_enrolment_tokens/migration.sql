-- Sightings join hosts with their enrolment tokens. On a cluster, every node has a copy of these.
DO $$
BEGIN
    IF EXISTS (SELECT FROM "pg_extension" WHERE "extname" = 'citus') THEN
        PERFORM create_reference_table('enrolment_token');
    END IF;
END $$;
