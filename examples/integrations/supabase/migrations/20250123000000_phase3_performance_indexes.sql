-- Phase 3: indexes for the dashboards.

CREATE INDEX IF NOT EXISTS idx_integrations_type_active
    ON integrations (integration_type, is_active);

CREATE INDEX IF NOT EXISTS idx_integrations_last_sync
    ON integrations (last_sync_at DESC NULLS LAST)
    WHERE status = 'active';

CREATE INDEX IF NOT EXISTS idx_workflow_execution_logs_failed
    ON workflow_execution_logs (organization_id, finished_at DESC)
    WHERE status = 'failed';
