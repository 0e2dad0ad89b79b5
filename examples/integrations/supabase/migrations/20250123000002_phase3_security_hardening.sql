-- Phase 3: row level security for what phases 1 and 2 left open.

ALTER TABLE workflow_execution_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE system_health_checks ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS "Members read their logs" ON workflow_execution_logs;
CREATE POLICY "Members read their logs" ON workflow_execution_logs
    FOR SELECT TO authenticated
    USING (organization_id = ((SELECT auth.jwt()) ->> 'organization_id')::uuid);

DROP POLICY IF EXISTS "Members read their health checks" ON system_health_checks;
CREATE POLICY "Members read their health checks" ON system_health_checks
    FOR SELECT TO authenticated
    USING (organization_id IS NULL OR organization_id = ((SELECT auth.jwt()) ->> 'organization_id')::uuid);

-- Credentials are read and written by the service role alone.
REVOKE ALL ON integrations FROM anon, authenticated;
GRANT SELECT (organization_id, integration_type, is_active, configuration, status, last_sync_at, last_error)
    ON integrations TO authenticated;
GRANT UPDATE (is_active, configuration) ON integrations TO authenticated;

ALTER VIEW integration_health SET (security_invoker = true);
