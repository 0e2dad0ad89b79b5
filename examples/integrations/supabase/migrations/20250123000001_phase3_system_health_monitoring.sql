-- Phase 3: what the health page shows.

CREATE TABLE IF NOT EXISTS system_health_checks (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id UUID,
    component TEXT NOT NULL,
    healthy BOOLEAN NOT NULL,
    latency_ms INTEGER CHECK (latency_ms >= 0),
    details JSONB NOT NULL DEFAULT '{}',
    checked_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

COMMENT ON COLUMN system_health_checks.organization_id IS 'NULL for what all organizations share';
COMMENT ON COLUMN system_health_checks.latency_ms IS 'Round trip in milliseconds';

CREATE INDEX IF NOT EXISTS idx_system_health_checks_component
    ON system_health_checks (component, checked_at DESC);

CREATE OR REPLACE VIEW integration_health AS
SELECT
    i.organization_id,
    i.integration_type,
    i.status,
    i.last_sync_at,
    i.last_error,
    count(*) FILTER (WHERE l.status = 'failed') AS failed_runs
FROM integrations AS i
LEFT JOIN workflow_execution_logs AS l ON l.organization_id = i.organization_id
GROUP BY i.organization_id, i.integration_type, i.status, i.last_sync_at, i.last_error;
