-- Workflow execution logs belong to an organization.
-- The table was made in the dashboard; on a new environment it is made here.

CREATE TABLE IF NOT EXISTS workflow_execution_logs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    workflow_id UUID NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    finished_at TIMESTAMPTZ,
    error_message TEXT
);

ALTER TABLE workflow_execution_logs ADD COLUMN IF NOT EXISTS organization_id UUID;

COMMENT ON COLUMN workflow_execution_logs.organization_id IS 'Whose workflow it was';
COMMENT ON COLUMN workflow_execution_logs.status IS 'pending, running, succeeded or failed';
COMMENT ON COLUMN workflow_execution_logs.finished_at IS 'NULL while the workflow runs';

CREATE INDEX IF NOT EXISTS idx_workflow_execution_logs_organization
    ON workflow_execution_logs (organization_id, started_at DESC);
