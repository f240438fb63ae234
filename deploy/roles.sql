-- The two roles, the database and its extension. Run once per cluster, as a superuser, with psql; running it again changes nothing
-- but the passwords. They come from the environment, never from the command line:
--   AIMANAGER_OWNER_PASSWORD=… AIMANAGER_APP_PASSWORD=… psql -d postgres -f deploy/roles.sql
\set ON_ERROR_STOP on
\set QUIET on
\getenv owner_password AIMANAGER_OWNER_PASSWORD
\getenv app_password AIMANAGER_APP_PASSWORD
SET client_min_messages = warning;

-- Owns the database and migrates it. BYPASSRLS: a backfill under FORCE ROW LEVEL SECURITY would silently change no row.
SELECT 'CREATE ROLE aimanager_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aimanager_owner') \gexec
ALTER ROLE aimanager_owner LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION BYPASSRLS PASSWORD :'owner_password';

-- What the application runs as: every row-level policy applies to it, it owns nothing.
SELECT 'CREATE ROLE aimanager_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aimanager_app') \gexec
ALTER ROLE aimanager_app LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS PASSWORD :'app_password';

SELECT 'CREATE DATABASE aimanager OWNER aimanager_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'aimanager') \gexec
REVOKE ALL ON DATABASE aimanager FROM PUBLIC;
GRANT CONNECT ON DATABASE aimanager TO aimanager_app;

-- pgvector is not a trusted extension: only a superuser may install it.
\connect aimanager
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vector;
